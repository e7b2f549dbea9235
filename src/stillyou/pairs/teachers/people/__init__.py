"""The people studio: photo-like synthetic people from CC0 shape data, drawn with OpenGL (docs/reference/people.md).

From body to picture: `body` and `shape` give a cage of vertices, `figure` a person's posed geometry, `anatomy`, `hair`,
`clothes`, `accessories` and `costumes` the parts, `sitting` what a source and its targets share, `gl` the pictures,
`studio` the pairs; `config` is the teacher.
"""
