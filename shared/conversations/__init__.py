"""A conversation: who answers it, what a visitor is told about that, and the way of a frame back to the visitor."""
