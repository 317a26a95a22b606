"""Visitors' requests for a person in memory."""

import asyncio
from collections.abc import Sequence

from shared.conversations.handover import Handover, StaffRequest, add_request, end_wait
from tests.fakes.clock import FakeClock


class FakeHandovers:
    """A `HandoverStore` with no `await` between read and write: that is its condition."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.handovers: dict[str, Handover] = {}
        self.tenants: dict[str, str] = {}
        self.errors: list[Exception] = []
        """Each is raised by one of the next writes, before anything is written."""

    async def add_request(self, tenant: str, session_id: str, request: StaffRequest, *, waits: bool) -> Handover:
        """Add a request, once for each command, and return all of them."""
        await asyncio.sleep(0)
        if self.errors:
            raise self.errors.pop(0)
        self.tenants[session_id] = tenant
        before = self.handovers.get(session_id)
        self.handovers[session_id] = add_request(before, request, now=self._clock.now(), waits=waits)
        return self.handovers[session_id]

    async def end_wait(self, session_id: str, *, by: str) -> None:
        """Record that a staff member has taken care of the requests, if somebody waits."""
        await asyncio.sleep(0)
        if self.errors:
            raise self.errors.pop(0)
        if after := end_wait(self.handovers.get(session_id), by=by, at=self._clock.now()):
            self.handovers[session_id] = after

    async def get_handover(self, session_id: str) -> Handover | None:
        """Return the requests of a conversation; None if there is none."""
        await asyncio.sleep(0)
        return self.handovers.get(session_id)

    async def list_waiting(self, tenant: str, *, limit: int) -> Sequence[str]:
        """Return the sessions whose visitors wait, the longest wait first."""
        await asyncio.sleep(0)
        waiting = {
            session: handover.waiting_since
            for session, handover in self.handovers.items()
            if handover.waiting_since and self.tenants[session] == tenant
        }
        return sorted(waiting, key=lambda session: waiting[session])[:limit]
