"""What became of visits, in memory."""

import asyncio

from workers.notifications.domain import Change


class FakeChanges:
    """A `Changes`."""

    def __init__(self) -> None:
        self.rows: dict[str, Change] = {}

    async def note(self, appointment_id: str, change: Change) -> None:
        """Remember a change; a later one stays, and a visit that was cancelled stays so."""
        await asyncio.sleep(0)
        known = self.rows.get(appointment_id)
        if known is None or (known.start is not None and (change.start is None or change.at > known.at)):
            self.rows[appointment_id] = change

    async def last(self, appointment_id: str) -> Change | None:
        """Return what became of a visit."""
        await asyncio.sleep(0)
        return self.rows.get(appointment_id)
