"""Workers are killed while they process a command: nothing is lost, no effect happens twice."""

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from infra.local.stack import Stack
from tests.e2e.backstage import DEFAULT_PACE, Backstage
from tests.e2e.booking import free_slot, fresh_address, hold
from tests.e2e.visitor import Visit

pytestmark = pytest.mark.e2e


SLOW = {"tokens_per_second": 40, "first_token_ms": 50}


@pytest.fixture(autouse=True)
def slow_model(backstage: Backstage) -> Iterator[None]:
    """Slow the model down, so that tests can interrupt an answer."""
    backstage.bedrock("pace", SLOW)
    yield
    backstage.bedrock("pace", DEFAULT_PACE)


async def kill_and_replace(stack: Stack, name: str) -> None:
    """End a pool as a crash would, and start another one."""
    os.kill(stack.children[name].pid, signal.SIGKILL)
    stack.children.stop(name)
    await asyncio.to_thread(stack.start_pool, name)


async def test_a_worker_killed_in_the_middle_of_an_answer(stack: Stack, visit: Visit, backstage: Backstage):
    """The visitor gets exactly one final frame and one `chat.sent`."""
    backstage.bedrock("script", {"replies": [{"text": "word " * 60}, {"text": "The second try answers."}]})
    async with visit() as visitor:
        await visitor.send("chat.send", {"text": "Tell me everything"}, frame_id="interrupted")
        await visitor.until("chat.delta", re="interrupted")
        await kill_and_replace(stack, "chat")
        final = await visitor.until("chat.final", "error", re="interrupted")
        frames = [*visitor.seen, *await visitor.quiet(2)]

    assert final["type"] == "chat.final"
    assert final["data"]["text"] == "The second try answers."
    assert len({frame["seq"] for frame in frames if frame["type"] == "chat.final"}) == 1
    assert len({frame["seq"] for frame in frames if frame["type"] == "chat.sent"}) == 1


async def test_a_worker_killed_while_it_writes_the_event(stack: Stack, visit: Visit, backstage: Backstage):
    """The calendar stalls when the worker dies; the next worker finishes: one appointment, one event, one frame."""
    address = fresh_address()
    async with visit(greet=False) as visitor:
        session = (await visitor.hello())["data"]["session_id"]
        pending = await hold(visitor, await free_slot(visitor), address)
        appointment = pending["data"]["appointment_id"]
        code = await backstage.code(address)
        # The event is created and only the response stalls: the next worker has to find the event.
        backstage.calendar_fault(kind="stall", times=1, seconds=3, path="events", applied=True)
        await visitor.send("booking.verify", {"appointment_id": appointment, "code": code}, frame_id="verify")
        await backstage.until(backstage.calendar_faults_are_over)
        await kill_and_replace(stack, "booking")
        confirmed = await visitor.until("booking.confirmed", "error", re="verify")
        frames = [*visitor.seen, *await visitor.quiet(2)]
        await backstage.email(address, number=2)

    assert confirmed["type"] == "booking.confirmed"
    assert len({frame["seq"] for frame in frames if frame["type"] == "booking.confirmed"}) == 1
    assert len(backstage.appointments(session)) == 1
    assert await backstage.event(appointment)
    assert len(backstage.emails(address)) == 2


async def test_a_worker_killed_in_the_middle_of_a_hold(stack: Stack, visit: Visit, backstage: Backstage):
    """There is one hold, whichever worker finishes it."""
    address = fresh_address()
    async with visit(greet=False) as visitor:
        session = (await visitor.hello())["data"]["session_id"]
        slot = await free_slot(visitor)
        backstage.calendar_fault(kind="stall", times=1, seconds=3, path="list")
        request = {"start": slot["start"], "service": slot["service"], "contact": address}
        await visitor.send("booking.create", request, frame_id="create")
        await visitor.until("ack", re="create")
        await backstage.until(backstage.calendar_faults_are_over)
        await kill_and_replace(stack, "booking")
        pending = await visitor.until("booking.pending", "error", re="create")
        await visitor.quiet(2)

    assert pending["type"] == "booking.pending"
    assert len(backstage.appointments(session)) == 1
    assert len(backstage.emails(address)) == 1


async def test_a_stopping_pool_finishes_running_handlers(stack: Stack, visit: Visit, backstage: Backstage):
    """After SIGTERM during an answer, the answer is completed, the process exits, and no message is in flight."""
    async with visit() as visitor:
        await visitor.send("chat.send", {"text": "Who works here?"}, frame_id="last")
        await visitor.until("chat.delta", re="last")
        pool = stack.children["chat"]
        os.kill(pool.pid, signal.SIGTERM)
        final = await visitor.until("chat.final", re="last")
    await backstage.until(lambda: pool.exit_code is not None)
    stack.children.stop("chat")
    await asyncio.to_thread(stack.start_pool, "chat")

    assert final["type"] == "chat.final"
    assert pool.exit_code == 0
    counts = stack.client("sqs").get_queue_attributes(
        QueueUrl=stack.queues["chat"], AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
    )["Attributes"]
    assert int(counts["ApproximateNumberOfMessagesNotVisible"]) == 0
