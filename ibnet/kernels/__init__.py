"""Numba kernels that train and evaluate one network; they take and return arrays and scalars."""
