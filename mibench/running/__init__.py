"""Runs estimators on samples of tasks: in this process, in several, under limits, on a cluster."""
