"""Queries that waited: after ten seconds the answer is TIMEOUT, and nobody answers a visitor who has gone."""

from datetime import timedelta

import pytest
import structlog

from shared.errors import PermanentError
from shared.messages.commands import BOOKING_COMMAND
from tests.unit.workers.booking.handler.conftest import LEASE
from workers.booking.handler.progress import BookingVisitor

CASES = [("slots", {}), ("lookup", {"appointment_id": "0" * 32})]


async def ask(world, kind, waited_seconds, **data):
    """Let a query wait and process it; return the code of its refusal and the frames of the visitor."""
    command = world.command(kind, **data)
    world.clock.advance(timedelta(seconds=waited_seconds))
    claim = await world.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
    code = await world.handler.handle(command, claim)
    assert world.claims.records[command.claim_key].done
    return code, world.poster.frames("tab")


@pytest.mark.parametrize(("kind", "data"), CASES)
@pytest.mark.parametrize(("waited", "is_late"), [(10, False), (10.1, True), (3600, True)])
async def test_a_query_that_waited_too_long_is_refused(world, kind, data, waited, is_late):
    """The visitor may ask again, and is told so in their language; nothing is searched, nothing is stored."""
    if is_late:
        world.tenants.blocking.error = PermanentError("unknown_tenant", "the profile must not be read")
    code, [frame] = await ask(world, kind, waited, **data)
    assert (code == "TIMEOUT") is is_late
    assert (frame["data"].get("code") == "TIMEOUT") is is_late
    if is_late:
        assert (frame["data"]["retryable"], frame["data"]["message"]) == (True, "That took too long. Please try again.")
        assert "seq" not in frame


@pytest.mark.parametrize(("kind", "data"), CASES)
async def test_the_query_of_a_visitor_who_has_gone_is_dropped(world, kind, data):
    """It waited for more than two seconds, and the session has no connection any more: no search, one log line."""
    world.connections.rows.clear()
    world.tenants.blocking.error = PermanentError("unknown_tenant", "the profile must not be read")
    with structlog.testing.capture_logs() as lines:
        assert await ask(world, kind, 2.1, **data) == (None, [])
    assert [line["waited_ms"] for line in lines if line["event"] == "query_dropped"] == [2100]


async def test_a_session_with_another_connection_gets_its_answer(world):
    """A visitor who reconnected meanwhile, or has another tab, still waits for it."""
    world.connections.rows.clear()
    world.connections.open("session", "new tab", locale="en")
    _, frames = await ask(world, "slots", 5)
    assert frames == []
    assert [frame["type"] for frame in world.poster.frames("new tab")] == ["booking.slots"]


async def test_a_query_that_did_not_wait_costs_no_look_at_its_connection(world):
    """The look is one consistent read; only a query that waited pays for it."""
    reads = []
    real = world.connections.list_connections

    async def count(session_id, *, may_lag=False):
        reads.append(may_lag)
        return await real(session_id, may_lag=may_lag)

    world.connections.list_connections = count
    await ask(world, "slots", 2)
    prompt, reads[:] = list(reads), []
    await ask(world, "slots", 5)
    assert (prompt.count(False), reads.count(False)) == (1, 2)


async def test_no_command_is_late(world):
    """Whoever books waits as long as it takes."""
    command = world.create_command()
    world.clock.advance(timedelta(minutes=5))
    assert (await world.handle(command)).type == "booking.pending"


async def test_a_replay_is_not_late(world):
    """Whoever replays a query wants its answer now, however old it is."""
    command = world.command("slots", replay=1)
    world.clock.advance(timedelta(hours=1))
    assert not world.handler.late_queries.is_late(command)


async def test_what_may_be_shed(world):
    """Queries of visitors and of the assistant, and nothing that changes something."""
    late = world.handler.late_queries
    query = BOOKING_COMMAND.validate_python(
        world.command("slots").model_dump() | {"type": "booking.query", "data": {"about": "visits"}}
    )
    assert late.find_max_wait(query) == late.find_max_wait(world.command("slots")) == timedelta(seconds=10)
    assert late.find_max_wait(world.create_command()) is None


async def test_a_shed_query_is_answered_and_that_of_the_assistant_is_not(world):
    """The visitor gets TIMEOUT; the assistant does without, because nobody waits for its answer by then."""
    query = world.command("slots")
    claim = await world.claims.claim(query.claim_key, fingerprint="f", lease=LEASE)
    assert await world.handler.late_queries.shed_message(query, claim) == "TIMEOUT"
    assert [frame["data"]["code"] for frame in world.poster.frames("tab")] == ["TIMEOUT"]
    asked = BOOKING_COMMAND.validate_python(
        world.command("slots").model_dump() | {"type": "booking.query", "data": {"about": "visits"}}
    )
    claim = await world.claims.claim(asked.claim_key, fingerprint="f", lease=LEASE)
    assert await world.handler.late_queries.shed_message(asked, claim) is None
    assert world.claims.records[asked.claim_key].done
    assert len(world.poster.frames("tab")) == 1


@pytest.mark.parametrize(("kind", "data"), CASES)
async def test_a_query_that_can_not_be_claimed_is_refused_without_a_table(world, kind, data):
    """Over its own connection and in time, unless another attempt may still be; the claim leaves time for that."""
    visitor = BookingVisitor(world.replies.waiting, world.clock, world.handler.late_queries)
    query = world.command(kind, **data)
    world.connections.error = world.tenants.blocking.error = PermanentError("no table", "must not be read")
    assert visitor.compute_claim_seconds(query) == 7
    world.clock.advance(timedelta(seconds=3.9))
    assert not await visitor.refuse_unclaimed(query)
    assert world.poster.posted == []
    world.clock.advance(timedelta(seconds=2))
    assert visitor.compute_claim_seconds(query) == pytest.approx(1.1)
    assert await visitor.refuse_unclaimed(query)
    [frame] = world.poster.frames("tab")
    assert (frame["re"], frame["data"]["code"]) == (query.client_id, "TIMEOUT")


async def test_a_command_that_can_not_be_claimed_is_tried_again(world):
    """It has to end in a frame that is stored."""
    visitor = BookingVisitor(world.replies.waiting, world.clock, world.handler.late_queries)
    command = world.create_command()
    world.clock.advance(timedelta(minutes=5))
    assert visitor.compute_claim_seconds(command) is None
    assert not await visitor.refuse_unclaimed(command)
    assert world.poster.posted == []
