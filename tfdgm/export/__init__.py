"""From a run to a versioned SavedModel."""
