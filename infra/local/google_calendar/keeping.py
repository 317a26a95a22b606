"""Keeps calendars and events in a file, so that the calendar agrees with the visits after a restart."""

from pathlib import Path

from aiohttp import web
from pydantic import TypeAdapter

from infra.local.google_calendar.events import Calendar
from infra.local.google_calendar.server import Handler
from infra.local.google_calendar.standin import Standin
from infra.local.kept_state import BEGIN_ANEW, KeptStateError, read_state, write_state

_CALENDARS = TypeAdapter(list[Calendar])


class KeptCalendars:
    """The file, and which changes it has."""

    def __init__(self, path: Path, standin: Standin) -> None:
        self._path = path
        self._store = standin.store
        self._written = ""

    def restore(self) -> None:
        """Load the calendars of the file, if there is one; raise `KeptStateError`."""
        content = read_state(self._path)
        if content is None:
            return
        try:
            calendars = _CALENDARS.validate_python(content)
        except ValueError as error:
            raise KeptStateError(f"{self._path} has no calendars ({error}); {BEGIN_ANEW}") from error
        self._store.restore_calendars(calendars)
        self._written = self._describe_changes()

    @web.middleware
    async def write_changes(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Write the calendars before the answer that says that they have changed."""
        try:
            return await handler(request)
        finally:
            if (changes := self._describe_changes()) != self._written:
                # An OSError becomes status 500, after which the client asks again.
                write_state(self._path, _CALENDARS.dump_python(self._store.list_calendars(), mode="json"))
                self._written = changes

    def _describe_changes(self) -> str:
        return repr([(each.id, each.time_zone, each.change, each.access_role) for each in self._store.list_calendars()])
