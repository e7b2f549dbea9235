"""Speed and memory, side by side with the method as released (docs/speed.md).

`rows` says what a measurement is, `timing` how it is taken, `sizes` which networks (random weights: speed does not
depend on their values), `released` the path as released, `editing` and `training` the two halves, `run` the whole.
"""
