"""Compiled functions: arrays and scalars in, arrays out. No validation, no randomness, no I/O."""
