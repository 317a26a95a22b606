"""Tells a visitor who waits without a word that the answer is still coming."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Protocol

QUIET_SECONDS = 6.0
"""After this time without words a frame is due: a visitor hears something within ten seconds, storing and posting
included."""

REPEAT_SECONDS = 10.0
"""After as long again the next one is due."""


class ProgressReceivers(Protocol):
    """Who waits for the words."""

    @property
    def quiet_since(self) -> float:
        """When they got the last words, in the event loop's time."""
        ...

    async def post_progress(self) -> None:
        """Post that the answer takes longer."""
        ...


@asynccontextmanager
async def report_progress(receivers: ProgressReceivers) -> AsyncIterator[None]:
    """Report in the background inside the `with`; an error of a post ends only the reports."""
    task = asyncio.create_task(_report(receivers))
    try:
        yield
    finally:
        task.cancel()
        with suppress(Exception, asyncio.CancelledError):
            await task


async def _report(receivers: ProgressReceivers) -> None:
    reported_at = -math.inf
    while True:
        now = asyncio.get_running_loop().time()
        due = max(receivers.quiet_since + QUIET_SECONDS, reported_at + REPEAT_SECONDS)
        if now < due:
            await asyncio.sleep(due - now)
            continue
        reported_at = now
        await receivers.post_progress()
