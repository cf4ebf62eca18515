"""The thesis's figures and claims, made again from trained networks."""
