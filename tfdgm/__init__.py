"""tfdgm: deep generative models on TensorFlow and Keras 3, under one contract."""

__version__ = "0.1.0"
