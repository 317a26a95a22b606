"""Finds the passages of Markdown documents that answer a question. Pure Python, no I/O."""
