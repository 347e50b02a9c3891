"""Losses and bounds: pure functions, per example [B], in nats; no networks."""
