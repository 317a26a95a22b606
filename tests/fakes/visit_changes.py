"""Visit changes in memory."""

import asyncio
from dataclasses import replace
from datetime import datetime

from workers.notifications.domain import VisitChange


class FakeVisitChanges:
    """A `Changes`."""

    def __init__(self) -> None:
        self.rows: dict[str, VisitChange] = {}
        self._unknown_since: dict[str, datetime] = {}
        self.errors: list[Exception] = []
        """Each is raised by one of the next marks."""

    async def record(self, appointment_id: str, change: VisitChange) -> None:
        """Record a change, unless a later one or a cancellation is recorded already."""
        await asyncio.sleep(0)
        known = self.rows.get(appointment_id)
        if known is None or _follows(known, change):
            knows_start = known is not None and known.known_start is not None and not change.is_known
            if change.known_start is None or knows_start:
                known_start = known.known_start if known else None
            else:
                known_start = change.known_start
            if change.is_known:
                self._unknown_since.pop(appointment_id, None)
            elif change.known_start is not None:
                self._unknown_since.setdefault(appointment_id, change.requested_at)
            reinstated_at = change.reinstated_at or (known.reinstated_at if known else None)
            self.rows[appointment_id] = replace(
                change, reinstated_at=reinstated_at, known_start=known_start, is_known=False
            )
        elif change.known_start is not None and not change.is_known:
            since = self._unknown_since.get(appointment_id)
            if since is not None and since > change.requested_at:
                self._unknown_since[appointment_id] = change.requested_at
                self.rows[appointment_id] = replace(known, known_start=change.known_start)

    async def mark_known(self, appointment_id: str, start: datetime | None) -> None:
        """Record what the visitor has just heard."""
        await asyncio.sleep(0)
        if self.errors:
            raise self.errors.pop(0)
        if appointment_id in self.rows:
            self._unknown_since.pop(appointment_id, None)
            self.rows[appointment_id] = replace(self.rows[appointment_id], known_start=start)

    async def find_latest(self, appointment_id: str) -> VisitChange | None:
        """Return the change that is in force; None if none is recorded."""
        await asyncio.sleep(0)
        return self.rows.get(appointment_id)


def _follows(known: VisitChange, change: VisitChange) -> bool:
    is_later = change.requested_at > known.requested_at
    if change.new_start is None:
        is_reinstated = known.reinstated_at is not None and known.reinstated_at >= change.requested_at
        return known.new_start is not None and not is_reinstated
    return is_later if change.reinstated_at else known.new_start is not None and is_later
