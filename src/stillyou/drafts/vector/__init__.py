"""The vector wardrobe: the four costumes as compact SVG, fitted to any drawing by a `CostumeFit`."""
