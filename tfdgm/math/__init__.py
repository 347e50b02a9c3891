"""Pure tensor mathematics: no Keras, no state."""
