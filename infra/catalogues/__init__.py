"""Catalogues of texts, one for each language and part of the system: compile, check, update, add a language."""
