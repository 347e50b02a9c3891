"""Timings: run on an idle machine; nothing here is a test."""

from absl import logging

from tfdgm.core.loading import load_tensorflow

load_tensorflow()
logging.set_verbosity(logging.WARNING)
