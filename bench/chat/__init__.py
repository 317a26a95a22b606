"""Measures chat: from a visitor's frame to the first words of the answer."""
