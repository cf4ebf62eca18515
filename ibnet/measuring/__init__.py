"""Measuring trained networks: estimates of I(X;T) and I(T;Y), how they are stored and returned."""
