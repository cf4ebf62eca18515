"""What an estimator is: the base class, the data it gets, its parameters, flags, and its name."""
