"""Steps of a booking over the wire protocol, for tests of what follows."""

import asyncio
import itertools
import uuid
from typing import Any

from tests.deadlines import DEADLINE_SECONDS
from tests.e2e.backstage import Backstage
from tests.e2e.visitor import Visitor

_slot_count = itertools.count()


def fresh_address() -> str:
    """Return a new e-mail address."""
    return f"visitor-{uuid.uuid4().hex[:10]}@example.com"


async def free_slot(visitor: Visitor, service: str = "consultation") -> dict[str, Any]:
    """Return a free slot; each call uses a later day, so that tests do not conflict."""
    listed = await list_slots(visitor, service)
    by_day: dict[str, list[dict[str, Any]]] = {}
    for slot in listed["data"]["slots"]:
        by_day.setdefault(slot["start"][:10], []).append(slot)
    days = sorted(by_day)
    return by_day[days[next(_slot_count) % len(days)]][0]


async def list_slots(visitor: Visitor, service: str) -> dict[str, Any]:
    """Ask for free slots, as often as the answer is that it took too long: a function's first start may."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            listed = await visitor.ask("booking.slots", {"service": service, "days": 40}, "booking.slots")
            if listed["type"] == "booking.slots":
                return listed
            assert listed["data"]["code"] == "TIMEOUT", listed
            await asyncio.sleep(listed["data"].get("retry_after_ms", 0) / 1000)


async def hold(visitor: Visitor, slot: dict[str, Any], address: str, **more: Any) -> dict[str, Any]:
    """Request a slot, and return the frame that ends the command."""
    request = {"start": slot["start"], "service": slot["service"], "contact": address, **more}
    return await visitor.ask("booking.create", request, "booking.pending")


async def confirm(visitor: Visitor, pending: dict[str, Any], address: str, backstage: Backstage) -> dict[str, Any]:
    """Send the code from the e-mail, and return the frame that ends the command."""
    answer = {"appointment_id": pending["data"]["appointment_id"], "code": await backstage.code(address)}
    return await visitor.ask("booking.verify", answer, "booking.confirmed")
