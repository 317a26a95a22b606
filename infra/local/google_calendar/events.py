"""The values of the stand-in: calendars, and the versions of their events."""

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from infra.local.google_calendar.errors import Json
from infra.local.google_calendar.moments import Span

NO_ROLE = "none"
"""For a calendar that is not shared with the service account: it looks like one that does not exist."""

READING_ROLES = ("freeBusyReader", "reader")
ROLES = (*READING_ROLES, "writerWithoutPrivateAccess", "writer", "owner")
"""The roles that a user may have for a calendar: https://developers.google.com/workspace/calendar/api/v3/reference/events/list"""


@dataclass(frozen=True)
class Event:
    """One version of an event. `change` is the calendar-wide number of the write that created it."""

    id: str
    fields: Json
    span: Span
    creator: str
    created: datetime
    updated: datetime
    position: int
    change: int
    sequence: int = 0
    series: str | None = None
    """Of an instance of a recurring event: the id of that."""
    original: Json | None = None
    """Of an instance: the `start` that it has in its series."""
    dropped: bool = False
    """Whether its series has no such instance any more; it is only listed as a deletion then."""

    @property
    def status(self) -> str:
        """Return `confirmed`, `tentative` or `cancelled`."""
        return str(self.fields.get("status", "confirmed"))

    @property
    def is_deleted(self) -> bool:
        """Return whether the event is deleted; its id can't be used again."""
        return self.status == "cancelled"

    @property
    def recurs(self) -> bool:
        """Return whether the event is a series."""
        return bool(self.fields.get("recurrence"))

    @property
    def blocks_time(self) -> bool:
        """Return whether the event makes its time busy."""
        return not self.is_deleted and self.fields.get("transparency") != "transparent"

    @property
    def etag(self) -> str:
        """Return the version's etag; two writes in one millisecond have different ones."""
        return f'"{int(self.updated.timestamp() * 1000)}{self.change:06d}"'


@dataclass
class Calendar:
    """One calendar; `events` includes deleted ones."""

    id: str
    time_zone: ZoneInfo
    updated: datetime
    change: int = 0
    access_role: str = "writer"
    """The service account's role for the calendar."""
    events: dict[str, Event] = field(default_factory=dict)
