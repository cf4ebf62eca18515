"""The MI of a normal distribution with a sample's covariance."""
