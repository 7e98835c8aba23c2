"""Conditioners: from what is known of a design to its latents."""
