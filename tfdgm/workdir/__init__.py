"""The folder of one run, the only hand-off between training, evaluation and export: who writes what, and how safely."""
