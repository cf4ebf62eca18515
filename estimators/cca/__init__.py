"""The steps of the estimator `canonical`: features, canonical pairs, terms, selection."""
