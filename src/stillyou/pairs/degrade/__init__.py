"""What light, lens, sensor and file do to both pictures of a pair, for any teacher (docs/reference/pairs.md).

    scene     a pair of pictures, a step, a chain of steps
    light     exposure, contrast, gamma, white balance; no colour
    lens      bending, vignetting, blur
    sensor    noise, few pixels
    file      JPEG
    chains    the steps that drawings and renders of people go through, and what that does to a pair

Both pictures of a pair go through every step with the same random numbers; `truth.exact_outside` restores exactness
afterwards, because JPEG and resampling let changes leak.
"""
