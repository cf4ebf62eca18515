"""Measures I(X;T) and I(T;Y) of every layer, run and epoch, and keeps the results."""
