"""Answers the emulator's long polls as soon as a message can be received.

SQS answers a long poll at once when a message arrives
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html). MiniStack
looks for messages every tenth of a second, so each message would wait for 50 ms on average.
"""

import asyncio
import functools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from ministack.core.concurrency import esm_wake
from ministack.services import sqs

_DELETES = ("DeleteMessage", "DeleteMessageBatch")
"""After them, the next message of a group can be received."""


class LongPolls:
    """The long polls that wait for a message."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def sleep(self, seconds: float) -> None:
        """Wait until something may have become visible, but no longer than this."""
        self._loop = asyncio.get_running_loop()
        woken = self._loop.create_future()
        self._waiting.add(woken)
        try:
            await asyncio.wait([woken], timeout=seconds)
        finally:
            self._waiting.discard(woken)

    def wake(self) -> None:
        """Let all polls look again; any thread may call it."""
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake_all)

    def _wake_all(self) -> None:
        for woken in self._waiting:
            if not woken.done():
                woken.set_result(None)


def answer_long_polls_at_once(polls: LongPolls) -> None:
    """Let the emulator's polls sleep here between two looks, and wake them when a message may have become visible."""
    sqs.asyncio = SimpleNamespace(iscoroutine=asyncio.iscoroutine, sleep=polls.sleep)
    # MiniStack sets it for each message that any service puts on a queue, and for one that is handed back.
    esm_wake.set = _wake_after(esm_wake.set, polls)
    for action in _DELETES:
        sqs._HANDLERS[action] = _wake_after(sqs._HANDLERS[action], polls)  # noqa: SLF001


def _wake_after(call: Callable[..., Any], polls: LongPolls) -> Callable[..., Any]:
    @functools.wraps(call)
    def call_and_wake(*arguments: Any) -> Any:
        try:
            return call(*arguments)
        finally:
            polls.wake()

    return call_and_wake
