"""Visit changes in memory."""

import asyncio

from workers.notifications.domain import VisitChange


class FakeVisitChanges:
    """A `Changes`."""

    def __init__(self) -> None:
        self.rows: dict[str, VisitChange] = {}

    async def record(self, appointment_id: str, change: VisitChange) -> None:
        """Record a change, unless a later one or a cancellation is recorded already."""
        await asyncio.sleep(0)
        known = self.rows.get(appointment_id)
        is_final = known is not None and known.new_start is None
        if known is None or (not is_final and (change.new_start is None or change.requested_at > known.requested_at)):
            self.rows[appointment_id] = change

    async def find_latest(self, appointment_id: str) -> VisitChange | None:
        """Return the change that is in force; None if none is recorded."""
        await asyncio.sleep(0)
        return self.rows.get(appointment_id)
