"""Strategy, the loop over phases, checkpoints, averages and callbacks."""
