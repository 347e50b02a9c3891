"""Keras layers and networks; they know no losses."""
