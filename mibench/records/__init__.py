"""Results on disk: written, read, selected, compared with earlier ones."""
