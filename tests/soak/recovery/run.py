"""Lets visitors come before, during and after a fault, and waits until all are served."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

from tests.e2e.visitor import Visit
from tests.soak.recovery.faults import Fault, Site
from tests.soak.recovery.mailbox import open_mailbox
from tests.soak.recovery.visits import AFTER, BEFORE, DURING, Visits

LIMIT_SECONDS = 240
"""Until every visitor has got what they wanted, after the end of a fault."""

LOSS_SECONDS = 60
"""The same where something may be lost."""

EARLY_SECONDS = 0.8
"""So long before a fault come those who are in the middle of something when it begins."""

CONNECT_SECONDS = 0.1
"""Those who ask at the beginning of a fault connect before it, one after the other."""


@asynccontextmanager
async def open_visits(site: Site) -> AsyncIterator[Visits]:
    """Let visitors come to the site's page."""
    description = site.stack.describe()
    visit = Visit(description["websocket_url"], description["tenant"], description["site_url"])
    async with open_mailbox(site.backstage) as mailbox:
        yield Visits(visit, mailbox)


async def run_fault(fault: Fault, site: Site, visits: Visits) -> float:
    """Let visitors come before, during and after the fault; return when it ended, once all are served or give up."""
    await asyncio.gather(visits.converse(BEFORE), visits.book(BEFORE))
    async with asyncio.TaskGroup() as tasks:
        coming: list[asyncio.Task[None]] = []

        def come(*steps: Coroutine[None, None, None]) -> None:
            coming.extend(map(tasks.create_task, steps))

        may_ask = asyncio.Event()
        for _ in range(fault.chats):
            come(visits.converse(DURING, may_ask))
            await asyncio.sleep(CONNECT_SECONDS)
        await visits.wait_until_connected()
        for _ in range(fault.early):
            come(visits.converse(DURING), visits.book(DURING))
            await asyncio.sleep(EARLY_SECONDS / fault.early)
        await asyncio.to_thread(fault.begin, site)
        try:
            ends_at = time.monotonic() + fault.seconds
            may_ask.set()
            while (left := ends_at - time.monotonic()) > 0:
                come(visits.converse(DURING), visits.book(DURING))
                await asyncio.sleep(min(fault.every_seconds, left))
        finally:
            await asyncio.to_thread(fault.end, site)
        ended_at = time.monotonic()
        come(visits.converse(AFTER), visits.book(AFTER))
        _, waiting = await asyncio.wait(coming, timeout=LOSS_SECONDS if fault.loses_seconds else LIMIT_SECONDS)
        # What they did not hear counts as lost.
        for task in waiting:
            task.cancel()
    return ended_at
