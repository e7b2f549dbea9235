"""The teacher `diffusion`: source and target of a text-to-image model, tied together by conditions.

config       its options
bases        the models that it may use: the embedded one, Stable Diffusion 1.x, 2.x and XL
sources      the user's own portraits, as squares
sampling     sources with their paths, and targets beside them
choose       the best of several candidates
teacher      requests in, pairs out
"""
