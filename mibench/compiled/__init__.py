"""Compiles kernels, keeps the machine code on disk, and compiles ahead of the first estimate."""
