"""Thin command-line programs: train, evaluate, sample, export."""
