"""TFDS builders for the data sets that TFDS itself has not, or can't build from the files at hand."""
