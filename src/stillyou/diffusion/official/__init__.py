"""The released ByteDance weights and what their demo computes (docs/reference/official.md).

`importer` turns `unet.pth` and `adapter.pth` into a model folder; `numerics` and `mask` are the release's equations,
defects included; `demo` runs them on one picture. Everything else of stillyou uses the corrected equations.
"""
