"""Numba kernels of network training and evaluation: arrays and scalars in, arrays out."""
