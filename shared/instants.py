"""Instants as numbers since the epoch, as tables and tokens store them."""

from datetime import UTC, datetime


def to_milliseconds(instant: datetime) -> int:
    """Return the milliseconds from the epoch to an aware instant, rounded."""
    return round(instant.timestamp() * 1000)


def from_milliseconds(milliseconds: float) -> datetime:
    """Return the instant that is this many milliseconds after the epoch, in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def to_seconds(instant: datetime) -> int:
    """Return the whole seconds from the epoch to an aware instant."""
    return int(instant.timestamp())


def to_sortable_text(instant: datetime) -> str:
    """Return an aware instant as a text that sorts like it: UTC, always with microseconds."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")
