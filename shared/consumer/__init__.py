"""The worker core: what happens between a queue and a handler."""
