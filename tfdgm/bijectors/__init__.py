"""Keras layers that own weights and return TFP bijectors; forward is from latents to data."""
