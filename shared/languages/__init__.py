"""Languages: their tags, the catalogues of texts, and which languages are available."""
