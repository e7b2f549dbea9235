"""The multi-conditioned diffusion model, shared by training and editing."""
