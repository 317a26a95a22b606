"""Floods: who sends what, what the guards let through, and whether others notice."""
