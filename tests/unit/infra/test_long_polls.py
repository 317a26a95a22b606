"""The emulator's long polls: what ends the sleep between two looks."""

import asyncio
import threading

import pytest
from ministack.core.concurrency import esm_wake
from ministack.services import sqs

from infra.local.long_polls import LongPolls, answer_long_polls_at_once
from tests.deadlines import DEADLINE_SECONDS

NEVER = 3600.0


@pytest.fixture
def polls(monkeypatch):
    """Return the polls of this process's own emulator, which is as it was after the test."""
    monkeypatch.setattr(sqs, "asyncio", asyncio)
    monkeypatch.setattr(sqs, "_HANDLERS", dict(sqs._HANDLERS))
    monkeypatch.setattr(esm_wake, "set", esm_wake.set)
    polls = LongPolls()
    answer_long_polls_at_once(polls)
    yield polls
    sqs.reset()


async def run(action, **request):
    return await sqs._dispatch(action, request, "")


async def start_sleep(polls):
    """Return a sleep of an hour that has begun."""
    sleep = asyncio.create_task(polls.sleep(NEVER))
    await asyncio.sleep(0)
    return sleep


async def test_a_sleep_ends_when_a_thread_wakes_the_polls(polls):
    """Every poll looks again, whichever thread has put a message on a queue."""
    sleeps = [await start_sleep(polls) for _ in range(2)]
    waking = threading.Thread(target=polls.wake)
    waking.start()
    async with asyncio.timeout(DEADLINE_SECONDS):
        await asyncio.gather(*sleeps)
    waking.join()


async def test_a_poll_receives_what_is_sent_meanwhile(polls):
    """A poll sleeps here until a message is sent, and a message of a group until its predecessor is deleted."""
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    queue = {"QueueUrl": (await run("CreateQueue", QueueName="one.fifo", Attributes=fifo))["QueueUrl"]}
    poll = asyncio.create_task(run("ReceiveMessage", **queue, WaitTimeSeconds=20))
    await asyncio.sleep(0)
    assert len(polls._waiting) == 1
    sent = await start_sleep(polls)
    await run("SendMessage", **queue, MessageBody="first", MessageGroupId="group")
    async with asyncio.timeout(DEADLINE_SECONDS):
        await sent
        [first] = (await poll)["Messages"]
    await run("SendMessage", **queue, MessageBody="second", MessageGroupId="group")
    entry = {"Id": "0", "ReceiptHandle": first["ReceiptHandle"]}
    deleted = await start_sleep(polls)
    await run("DeleteMessageBatch", **queue, Entries=[entry])
    async with asyncio.timeout(DEADLINE_SECONDS):
        await deleted
        [second] = (await run("ReceiveMessage", **queue, WaitTimeSeconds=20))["Messages"]
    assert second["Body"] == "second"
