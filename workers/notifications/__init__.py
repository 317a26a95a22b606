"""Notifications: sends visitors notices about their appointments, each once."""
