"""Data sets to train on, and the file formats they are read from."""
