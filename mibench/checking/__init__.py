"""Checks an estimator against properties that MI itself has: `mibench check`."""
