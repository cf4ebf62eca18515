"""Nearest neighbours: searches, counts within a distance, ties, and Kraskov's and Ross's counts."""
