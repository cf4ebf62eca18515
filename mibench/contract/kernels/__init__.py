"""Compiled loops of the checks of rows. They know arrays alone."""
