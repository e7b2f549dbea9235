"""Every measurement that the docs quote (docs/reference/speed.md, and the docs of what is measured).

`stillyou bench` measures speed and memory side by side with the method as released: `rows` says what a measurement is,
`timing` how it is taken, `sizes` which networks (random weights: speed does not depend on their values), `editing` and
`training` are the two halves, `run` is the whole. The released edit is timed through `diffusion.official`; the released
training loop is `released_training`.

The other measurements are commands of their own, `python -m stillyou.bench.NAME`, with the arguments of `command`:
`autoencoder`, `embedded_edit`, `cartoon_studio`, `people_studio`, `mask_calibration`, `speed_quality` ...
"""
