"""Tokens with which operators sign in at the desk: one for each person, with an end, and revocable."""
