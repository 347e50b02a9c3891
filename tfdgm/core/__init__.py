"""Ground floor: what the data is, what a phase is, and seeded randomness by row."""
