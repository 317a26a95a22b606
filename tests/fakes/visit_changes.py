"""Visit changes in memory."""

import asyncio
from dataclasses import replace

from workers.notifications.domain import VisitChange


class FakeVisitChanges:
    """A `Changes`."""

    def __init__(self) -> None:
        self.rows: dict[str, VisitChange] = {}

    async def record(self, appointment_id: str, change: VisitChange) -> None:
        """Record a change, unless a later one or a cancellation is recorded already."""
        await asyncio.sleep(0)
        known = self.rows.get(appointment_id)
        if known is None:
            self.rows[appointment_id] = change
            return
        is_later = change.requested_at > known.requested_at
        if change.new_start is None:
            is_reinstated = known.reinstated_at is not None and known.reinstated_at >= change.requested_at
            is_later = known.new_start is not None and not is_reinstated
        elif change.reinstated_at is None:
            is_later = known.new_start is not None and is_later
        if is_later:
            self.rows[appointment_id] = replace(change, reinstated_at=change.reinstated_at or known.reinstated_at)

    async def find_latest(self, appointment_id: str) -> VisitChange | None:
        """Return the change that is in force; None if none is recorded."""
        await asyncio.sleep(0)
        return self.rows.get(appointment_id)
