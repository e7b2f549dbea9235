"""The autoencoder stage."""
