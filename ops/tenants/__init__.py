"""Checks the folders of businesses before they are uploaded."""
