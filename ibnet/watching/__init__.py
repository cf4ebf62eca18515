"""Watches a model of torch while it is trained elsewhere, and keeps the outputs of its layers."""
