"""Finds the passages of Markdown documents that answer a question. Pure Python, no I/O.

The chat worker does not use it yet, because its prompt contains all documents: only the stand-in for Bedrock
(`infra/local/bedrock/`) does.
"""
