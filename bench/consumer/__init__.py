"""Measures our queue consumer side by side with the alternatives."""
