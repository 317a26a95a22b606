"""Writes instants as this machine's clock shows them, with its offset: logs are written elsewhere."""

from datetime import datetime


def local(instant: datetime) -> str:
    """Return day and time: `2026-01-12 13:00:05+01:00`."""
    return instant.astimezone().isoformat(" ", "seconds")


def local_time(instant: datetime) -> str:
    """Return the time of day: `13:00:05+01:00`."""
    return instant.astimezone().timetz().isoformat("seconds")


def local_hour(instant: datetime) -> str:
    """Return an hour of a plot: `12 Jan 13:00+01:00`."""
    return f"{instant.astimezone():%d %b }{instant.astimezone().timetz().isoformat('minutes')}"


def moment(instant: datetime) -> str:
    """Return a time as the business's clocks show it, which has the business's own offset."""
    return f"{instant:%a %d %b %Y }{instant.timetz().isoformat('minutes')}"
