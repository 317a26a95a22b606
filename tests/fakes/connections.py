"""Open WebSockets in memory: which ones a session has, and what was posted to each."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.clock import Clock
from shared.conversations.ports import Connection
from tests.fakes.clock import FakeClock

_ESTABLISHING = timedelta(seconds=10)


class FakeConnections:
    """A `ConnectionStore`; a row that is younger than ten seconds is not removed, as API Gateway demands."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or FakeClock()
        self.rows: dict[tuple[str, str], Connection] = {}
        self.error: Exception | None = None
        """Raised by every call while it is set."""
        self.takes_seconds = 0.0
        """How long every call takes."""

    async def list_connections(self, session_id: str, *, may_lag: bool = False) -> Sequence[Connection]:
        """Return the session's connections, newest first."""
        del may_lag
        await self._reach()
        found = [row for (session, _), row in self.rows.items() if session == session_id]
        return sorted(found, key=lambda row: row.connected_at, reverse=True)

    async def remove(self, session_id: str, connection_id: str) -> None:
        """Forget a connection; one that is unknown is no error."""
        await self._reach()
        row = self.rows.get((session_id, connection_id))
        if row and row.connected_at < self._clock.now() - _ESTABLISHING:
            del self.rows[session_id, connection_id]

    async def forget(self, session_id: str, connection_id: str) -> None:
        """Forget a connection, however young it is."""
        await self._reach()
        self.rows.pop((session_id, connection_id), None)

    def open(
        self,
        session_id: str,
        connection_id: str,
        *,
        locale: str | None = None,
        at: datetime | None = None,
        capabilities: Sequence[str] = (),
    ) -> None:
        """Register a connection, a minute ago unless said otherwise."""
        since = at or self._clock.now() - timedelta(minutes=1)
        self.rows[session_id, connection_id] = Connection(
            connection_id, since, locale, capabilities=frozenset(capabilities)
        )

    def record_hello(
        self,
        session_id: str,
        connection_id: str,
        *,
        locale: str | None,
        tz: str | None,
        now: datetime,
        capabilities: Sequence[str] = (),
    ) -> None:
        """Add what a `hello` said; a row that is gone comes back."""
        row = self.rows.get((session_id, connection_id)) or Connection(connection_id, now)
        self.rows[session_id, connection_id] = replace(
            row, locale=locale or "", tz=tz or "", capabilities=frozenset(capabilities) or row.capabilities
        )

    async def _reach(self) -> None:
        await asyncio.sleep(self.takes_seconds)
        if self.error:
            raise self.error


class FakePoster:
    """A `ConnectionPoster` that records every frame; connections in `gone` are closed."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, str]] = []
        self.gone: set[str] = set()
        self.posts_before_gone: dict[str, int] = {}
        """How many frames a connection takes before it closes, for those that do."""
        self.closed: list[str] = []
        """The connections that were closed, in order."""

    async def close(self, connection_id: str) -> None:
        """Close a connection."""
        await asyncio.sleep(0)
        self.closed.append(connection_id)
        self.gone.add(connection_id)

    async def post(self, connection_id: str, text: str) -> bool:
        """Send one text frame; False when the connection is gone."""
        await asyncio.sleep(0)
        return self.post_now(connection_id, text)

    def post_now(self, connection_id: str, text: str) -> bool:
        """Do the same without waiting, as the ingress does."""
        if connection_id in self.gone:
            return False
        limit = self.posts_before_gone.get(connection_id)
        if limit is not None and limit == len(self.frames(connection_id)):
            self.gone.add(connection_id)
            return False
        self.posted.append((connection_id, text))
        return True

    def frames(self, connection_id: str) -> list[dict[str, Any]]:
        """Return what a connection received, in order."""
        return [json.loads(text) for receiver, text in self.posted if receiver == connection_id]

    def types(self, connection_id: str) -> list[str]:
        """Return the types of what a connection received, in order."""
        return [frame["type"] for frame in self.frames(connection_id)]
