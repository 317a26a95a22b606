"""Busy times of a CalDAV calendar, which is only read."""
