"""Training procedures that several models share."""
