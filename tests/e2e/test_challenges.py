"""A proof of work over the real path: the same frame comes again with a proof, and is neither swallowed nor refused."""

import asyncio
from typing import Any

import altcha
import pytest

from tests.e2e.backstage import Backstage
from tests.e2e.booking import confirm, free_slot, fresh_address, hold
from tests.e2e.tenants import OpenBusiness
from tests.e2e.visitor import Visit

pytestmark = pytest.mark.e2e


async def prove(error: dict[str, Any]) -> str:
    """Solve the challenge of an error with the library's client."""
    challenge = altcha.Challenge.from_dict(error["data"]["challenge"])
    solution = await asyncio.to_thread(altcha.solve_challenge, challenge)
    assert solution is not None
    return altcha.Payload(challenge, solution).to_base64()


async def test_a_proof_opens_a_limit(visit: Visit, open_business: OpenBusiness, backstage: Backstage):
    """The challenge is there after a reload, and the frame with the proof gets the time; older clients are refused."""
    tenant, address = open_business(holds_per_address=1), fresh_address()
    async with visit(tenant=tenant) as neighbour:
        assert (await hold(neighbour, await free_slot(neighbour), fresh_address()))["type"] == "booking.pending"
    async with visit(tenant=tenant) as older:
        refused = await hold(older, await free_slot(older), fresh_address())
        assert (refused["data"]["code"], "challenge" in refused["data"]) == ("RATE_LIMITED", False)
    async with visit(tenant=tenant, greet=False) as visitor:
        token = (await visitor.hello(locale="en", capabilities=["challenge"]))["data"]["session"]
        slot = await free_slot(visitor)
        request = {"start": slot["start"], "service": slot["service"], "contact": address}
        challenged = await visitor.ask("booking.create", request, "booking.pending", frame_id="b-1")
        assert (challenged["data"]["code"], challenged["seq"]) == ("CHALLENGE_REQUIRED", 1)

    async with visit(tenant=tenant, greet=False, session=token) as visitor:
        await visitor.hello(locale="en", capabilities=["challenge"])
        again = await visitor.until("error", re="b-1")
        assert again == challenged
        pending = await visitor.ask(
            "booking.create", request, "booking.pending", frame_id="b-1", proof=await prove(again)
        )
        assert (pending["type"], pending["seq"]) == ("booking.pending", 2)
        assert (await confirm(visitor, pending, address, backstage))["type"] == "booking.confirmed"
