"""Columns of the user's own data, and the MI of all pairs of them."""
