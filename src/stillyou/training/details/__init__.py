"""Gives a trained model a cheaper autoencoder with details, and leaves its denoiser as it is.

first      a folded autoencoder learns the latents of the model's own, then to copy with what they leave out
begun      what a run is refused for, and the record that its folder keeps
lesson     what a run is asked for, and the pictures that it learns from
run        one after the other; the command is `python -m stillyou.training.details`
"""
