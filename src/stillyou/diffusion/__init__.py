"""The Multi-Conditioned Diffusion Model, shared by training and editing (docs/reference/model.md).

Symbols used in this package:

    x    pixels, (B, 3, H, W) in [-1, 1]
    z    latents, (B, C, h, w), unit variance per channel; z_s of the source, z_t noisy at timestep t
    e    the denoiser's prediction for a branch (noise or velocity, as the scheduler's config says)
    g    guidance scales
    m    editing mask in [0, 1], 1 = edit

`conditions` says which branches exist and what "absent" means, `network` puts the networks together, `guidance` and
`mask` hold the equations, `schedule` the samplers and their noise levels, `sampling` the loop, `pipeline` the public
entry. `speed` holds what makes an edit faster or smaller, `official` the numerics of the release, through the same
branches, call and guidance.
"""
