"""The parts of the four costumes, drawn as compact SVG in the head and body frames of a fit."""
