"""Calendars of a profile that are only read, and the providers that they may be at."""

from enum import StrEnum
from typing import Annotated, Self
from urllib.parse import unquote, urlsplit

from pydantic import StringConstraints, model_validator

from shared.tenants.profile_types import Section

_LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost"})


class CalendarProvider(StrEnum):
    """How a calendar is read."""

    GOOGLE = "google"
    CALDAV = "caldav"


class BusyCalendarSource(Section):
    """A calendar whose events make time busy; no visit is written to it."""

    provider: CalendarProvider = CalendarProvider.GOOGLE
    id: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
    """The id of a calendar of Google, or the URL of a CalDAV calendar."""

    @model_validator(mode="after")
    def _check_url(self) -> Self:
        if self.provider is CalendarProvider.CALDAV and not _is_calendar_url(self.id):
            raise ValueError(
                f"{self.id!r} is not the URL of a CalDAV calendar such as https://dav.example.com/calendars/salon/ania/"
            )
        return self


def _is_calendar_url(text: str) -> bool:
    """Return whether it is a plain HTTPS URL, without an account; a server on this machine needs no HTTPS."""
    try:
        url = urlsplit(text)
        is_safe = url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOCAL_HOSTS)
        url.port  # noqa: B018  # raises for one that is no number
    except ValueError:
        return False
    is_plain = text.isascii() and text.isprintable() and not any(sign in text for sign in " \\#?@")
    return is_safe and is_plain and bool(url.hostname) and ".." not in unquote(url.path).split("/")
