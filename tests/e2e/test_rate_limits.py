"""Rate limits over the real path: what is over a limit is refused on the open socket, and admitted after the wait."""

import asyncio

import pytest

from tests.e2e.tenants import OpenBusiness
from tests.e2e.visitor import Visit

pytestmark = pytest.mark.e2e


async def test_frames_over_the_limit_are_refused_until_their_time_comes(visit: Visit, open_business: OpenBusiness):
    """The refusal says when to try again; the same frame under the same id is accepted then."""
    tenant = open_business(rates={"session": {"chats": 4}})
    async with visit(tenant=tenant) as visitor:
        answers = [await visitor.ask("chat.send", {"text": "Hello"}, "ack", frame_id=f"m{n}") for n in range(5)]
        refused = answers[-1]
        assert [answers[0]["type"], refused["data"]["code"]] == ["ack", "RATE_LIMITED"]
        assert 0 < refused["data"]["retry_after_ms"] <= 60_000
        assert (await visitor.ask("ping", {}, "pong"))["type"] == "pong"

        await asyncio.sleep(refused["data"]["retry_after_ms"] / 1000)
        assert (await visitor.ask("chat.send", {"text": "Hello"}, "ack", frame_id="m4"))["type"] == "ack"


async def test_a_connection_over_the_limit_keeps_its_session(visit: Visit, open_business: OpenBusiness):
    """It is opened, its hello is refused and says when to try again, and then the visitor has the same conversation."""
    tenant = open_business(rates={"session": {"connects": 4}})
    token, answers = None, []
    for _ in range(6):  # the first one is new, so it does not count for a session
        async with visit(tenant=tenant, greet=False, session=token) as visitor:
            answers.append(await visitor.hello())
            if answers[-1]["type"] == "error":
                refused = answers[-1]["data"]
                assert refused["code"] == "RATE_LIMITED"
                await asyncio.sleep(refused["retry_after_ms"] / 1000)
                answers.append(await visitor.hello())
                break
            token = answers[-1]["data"]["session"]
    assert [answer["type"] for answer in answers].count("error") == 1
    assert answers[-1]["data"]["session_id"] == answers[0]["data"]["session_id"]


async def test_a_session_has_only_so_many_connections(visit: Visit, open_business: OpenBusiness):
    """A second tab is refused while the first one is open."""
    tenant = open_business(rates={"session": {"connections": 1}})
    async with visit(tenant=tenant, greet=False) as first:
        token = (await first.hello())["data"]["session"]
        async with visit(tenant=tenant, greet=False, session=token) as second:
            assert (await second.hello())["data"]["code"] == "RATE_LIMITED"
