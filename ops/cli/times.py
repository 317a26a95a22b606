"""Formats instants in local time with the offset, because logs may be from machines in other zones."""

from datetime import datetime


def format_local(instant: datetime) -> str:
    """Return date and time: `2026-01-12 13:00:05+01:00`."""
    return instant.astimezone().isoformat(" ", "seconds")


def format_local_time(instant: datetime) -> str:
    """Return the time of day: `13:00:05+01:00`."""
    return instant.astimezone().timetz().isoformat("seconds")


def format_local_hour(instant: datetime) -> str:
    """Return an hour for a plot: `12 Jan 13:00+01:00`."""
    return f"{instant.astimezone():%d %b }{instant.astimezone().timetz().isoformat('minutes')}"


def format_in_business_zone(instant: datetime) -> str:
    """Return a time in the zone of the business, with the offset that it has."""
    return f"{instant:%a %d %b %Y} {instant.isoformat(timespec='minutes')[11:]}"
