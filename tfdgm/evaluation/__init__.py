"""Figures with a unit and a kind."""
