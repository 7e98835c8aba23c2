"""Analyses of a surrogate: physics, sensitivity, latents, uncertainty."""
