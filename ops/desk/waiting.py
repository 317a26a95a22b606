"""Finds the visitors who wait for a person, whenever they asked: a request at night is answered in the morning."""

import asyncio
from collections.abc import Mapping

from shared.conversations.handover import Handover
from shared.conversations.ports import HandoverStore


async def read_waiting(handovers: HandoverStore, tenant: str, *, limit: int) -> Mapping[str, Handover]:
    """Return the requests of the visitors who wait for a person, by their sessions, the longest wait first."""
    sessions = await handovers.list_waiting(tenant, limit=limit)
    current = await asyncio.gather(*map(handovers.get_handover, sessions))
    # The list may be a second old: somebody may have taken over since.
    return {
        session: handover
        for session, handover in zip(sessions, current, strict=True)
        if handover and handover.waiting_since
    }
