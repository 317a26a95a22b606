"""Checks that the tree uses the words of the glossary: identifiers, file names, log events, CLI words and prose."""
