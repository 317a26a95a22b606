"""The assistant answers with what booking knows, over the real path."""

import re

import pytest

from tests.e2e.backstage import Backstage
from tests.e2e.booking import confirm, free_slot, fresh_address, hold
from tests.e2e.visitor import Visit, Visitor

pytestmark = pytest.mark.e2e

SERVICE = "consultation"
_TIME = re.compile(r"\b\d\d:\d\d\b")


async def chat(visitor: Visitor, text: str) -> dict:
    return (await visitor.ask("chat.send", {"text": text}, "chat.final"))["data"]


async def list_free_times(visitor: Visitor, day: str) -> set[str]:
    answer = await visitor.ask("booking.slots", {"service": SERVICE, "from": day, "days": 1}, "booking.slots")
    return {slot["start"][11:16] for slot in answer["data"]["slots"]}


async def test_a_visitor_asks_for_free_times_and_takes_one(visit: Visit, backstage: Backstage):
    """The times that are named are free, the one that is offered can be booked, and then it is the visitor's visit."""
    address = fresh_address()
    async with visit(locale="en") as visitor, visit(locale="en") as stranger:
        day = (await free_slot(visitor, SERVICE))["start"][:10]
        free = await list_free_times(visitor, day)

        answer = await chat(visitor, f"Is there anything free on {day} for a consultation?")
        named = set(_TIME.findall(answer["text"]))
        assert named, answer["text"]
        assert named <= free

        time = max(named)
        answer = await chat(visitor, f"Is there anything free on {day} at {time} for a consultation?")
        [offer] = answer["actions"]
        assert offer["start"][:16] == f"{day}T{time}"
        await confirm(visitor, await hold(visitor, offer, address), address, backstage)

        assert time in (await chat(visitor, "When is my visit?"))["text"]
        assert time not in (await chat(stranger, "When is my visit?"))["text"]
        answer = await chat(stranger, f"Is there anything free on {day} at {time} for a consultation?")
        assert "start" not in answer["actions"][0]
