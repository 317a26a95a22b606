"""The tools of the model, one in each file."""
