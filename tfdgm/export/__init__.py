"""From a run, or a model, to a versioned SavedModel that has been compared with the live model."""
