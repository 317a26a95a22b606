"""Languages: their tags, the catalogues of texts, and which of them the system speaks."""
