"""What the estimators by neural networks share: rows, networks, the training loop, bounds.

`sides` and `base` need no torch. The others import it, so estimators import them when an
estimate is made.
"""
