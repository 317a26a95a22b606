"""Finds the passages of Markdown documents that answer a question. Pure Python, no I/O.

The chat worker searches bases that are too large for its prompt (`sections.py`); the stand-in for Bedrock
(`infra/local/bedrock/`) quotes single passages.
"""
