"""Stacks and change sets: reading, showing, executing, waiting, and bringing a failed stack into order."""
