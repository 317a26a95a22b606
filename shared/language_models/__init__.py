"""The language models that an assistant may use: limits, prices and rules of each, as data with their sources."""
