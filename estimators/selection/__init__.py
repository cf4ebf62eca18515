"""Chooses columns by what they tell of a target, alone and beside others."""
