"""From a DataConfig to batches, by TFDS; order and noise are functions of (seed, epoch, position)."""
