"""Booking as a visitor does it, step by step, for tests that start in the middle."""

import itertools
import uuid
from typing import Any

from tests.e2e.backstage import Backstage
from tests.e2e.visitor import Visitor

_turn = itertools.count()


def fresh_address() -> str:
    """Return an address that nobody else uses."""
    return f"visitor-{uuid.uuid4().hex[:10]}@example.com"


async def free_slot(visitor: Visitor, service: str = "consultation") -> dict[str, Any]:
    """Return a free slot; each call looks at a later day, so that tests keep out of each other's way."""
    listed = await visitor.ask("booking.slots", {"service": service, "days": 40}, "booking.slots")
    by_day: dict[str, list[dict[str, Any]]] = {}
    for slot in listed["data"]["slots"]:
        by_day.setdefault(slot["start"][:10], []).append(slot)
    days = sorted(by_day)
    return by_day[days[next(_turn) % len(days)]][0]


async def hold(visitor: Visitor, slot: dict[str, Any], address: str, **more: Any) -> dict[str, Any]:
    """Ask for a slot and return the frame that ends the command."""
    wish = {"start": slot["start"], "service": slot["service"], "contact": address, **more}
    return await visitor.ask("booking.create", wish, "booking.pending")


async def confirm(visitor: Visitor, pending: dict[str, Any], address: str, backstage: Backstage) -> dict[str, Any]:
    """Type the code from the e-mail and return the frame that ends the command."""
    answer = {"appointment_id": pending["data"]["appointment_id"], "code": await backstage.code(address)}
    return await visitor.ask("booking.verify", answer, "booking.confirmed")
