"""Rate limits over the real path: what is over a limit is refused on the open socket, and admitted after the wait."""

import asyncio
from typing import Any

import pytest

from tests.e2e.tenants import OpenBusiness
from tests.e2e.visitor import Visit

pytestmark = pytest.mark.e2e


async def test_frames_over_the_limit_are_refused_until_their_time_comes(visit: Visit, open_business: OpenBusiness):
    """The refusal says when to try again; the same frame under the same id is accepted then."""
    tenant = open_business(rates={"session": {"chats": 2}})
    async with visit(tenant=tenant) as visitor:
        answers: list[dict[str, Any]] = []
        # However slow the machine is, three of them are within a minute.
        while not answers or answers[-1]["type"] == "ack":
            answers.append(await visitor.ask("chat.send", {"text": "Hello"}, "ack", frame_id=f"m{len(answers)}"))
        refused = answers[-1]
        assert len(answers) > 1
        assert (refused["data"]["code"], refused["data"]["retryable"]) == ("RATE_LIMITED", True)
        assert 0 < refused["data"]["retry_after_ms"] <= 60_000
        assert (await visitor.ask("ping", {}, "pong"))["type"] == "pong"

        await asyncio.sleep(refused["data"]["retry_after_ms"] / 1000)
        again = await visitor.ask("chat.send", {"text": "Hello"}, "ack", frame_id=f"m{len(answers) - 1}")
        assert again["type"] == "ack"


async def test_a_connection_over_the_limit_keeps_its_session(visit: Visit, open_business: OpenBusiness):
    """It is opened, its hello is refused and says when to try again, and then the visitor has the same conversation."""
    tenant = open_business(rates={"session": {"connects": 2}})
    token, sessions = None, set()
    while True:
        async with visit(tenant=tenant, greet=False, session=token) as visitor:
            answer = await visitor.hello()
            if answer["type"] == "error":
                assert answer["data"]["code"] == "RATE_LIMITED"
                await asyncio.sleep(answer["data"]["retry_after_ms"] / 1000)
                sessions.add((await visitor.hello())["data"]["session_id"])
                break
            token = answer["data"]["session"]
            sessions.add(answer["data"]["session_id"])
    assert len(sessions) == 1


async def test_a_session_has_only_so_many_connections(visit: Visit, open_business: OpenBusiness):
    """A second tab is refused while the first one is open."""
    tenant = open_business(rates={"session": {"connections": 1}})
    async with visit(tenant=tenant, greet=False) as first:
        token = (await first.hello())["data"]["session"]
        async with visit(tenant=tenant, greet=False, session=token) as second:
            assert (await second.hello())["data"]["code"] == "RATE_LIMITED"
