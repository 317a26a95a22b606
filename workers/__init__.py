"""The worker pools, one vertical slice each."""
