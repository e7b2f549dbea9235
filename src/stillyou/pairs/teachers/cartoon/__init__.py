"""The cartoon studio: vector characters with exact pairs (docs/reference/cartoon.md).

From style to picture: `definition` holds a style's art, `styles` which variants mean which expression, `character` a
drawn person, `faces` and `overlays` their expressions, `costumes` what they wear, `backdrop`, `pose` and `raster` the
rest of the picture, `studio` the pairs; `config` is the teacher, `licences` says who made the art.
"""
