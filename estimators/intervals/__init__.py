"""Learned intervals for the true MI: what describes the data, the model, its corrections."""
