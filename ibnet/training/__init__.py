"""Trains all networks of a setting, on a CPU or a GPU."""
