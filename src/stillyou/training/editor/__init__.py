"""The editor stage: the Multi-Conditioned Diffusion Model learns from cached pairs."""
