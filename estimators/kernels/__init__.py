"""Compiled cores: arrays and scalars in, arrays out; no validation, no randomness, no I/O."""
