"""Notifications: tells people about their appointments, once each."""
