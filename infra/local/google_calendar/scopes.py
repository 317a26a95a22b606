"""The OAuth scopes that allow each method, as the discovery document lists them."""

from collections.abc import Mapping

PREFIX = "https://www.googleapis.com/auth/"

_READ_EVENTS = frozenset(
    {
        "calendar",
        "calendar.app.created",
        "calendar.events",
        "calendar.events.freebusy",
        "calendar.events.owned",
        "calendar.events.owned.readonly",
        "calendar.events.public.readonly",
        "calendar.events.readonly",
        "calendar.readonly",
    },
)
_WRITE_EVENTS = frozenset({"calendar", "calendar.app.created", "calendar.events", "calendar.events.owned"})

ALLOWED: Mapping[str, frozenset[str]] = {
    "calendar.calendarList.list": frozenset(
        {"calendar", "calendar.calendarlist", "calendar.calendarlist.readonly", "calendar.readonly"},
    ),
    "calendar.calendars.get": frozenset(
        {
            "calendar",
            "calendar.app.created",
            "calendar.calendars",
            "calendar.calendars.readonly",
            "calendar.readonly",
        },
    ),
    "calendar.events.delete": _WRITE_EVENTS,
    "calendar.events.get": _READ_EVENTS,
    "calendar.events.insert": _WRITE_EVENTS,
    "calendar.events.instances": _READ_EVENTS,
    "calendar.events.list": _READ_EVENTS,
    "calendar.events.patch": _WRITE_EVENTS,
    "calendar.events.update": _WRITE_EVENTS,
    "calendar.freebusy.query": frozenset(
        {"calendar", "calendar.events.freebusy", "calendar.freebusy", "calendar.readonly"},
    ),
}


def allows_method(granted: frozenset[str], method: str) -> bool:
    """Return whether a token with these scopes (whole URLs) may call the method."""
    return any(PREFIX + name in granted for name in ALLOWED[method])
