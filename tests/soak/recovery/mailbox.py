"""Looks at the e-mails of all visitors at once: each look at the emulator returns every e-mail."""

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from tests.e2e.backstage import Backstage

_LOOK_SECONDS = 0.25
_CODE = re.compile(r"\b(\d{6})\b")


class Mailbox:
    """The codes and the number of other e-mails of each address, with the time at which each was first seen."""

    def __init__(self) -> None:
        self._codes: dict[str, list[tuple[float, str]]] = defaultdict(list)
        self._others: dict[str, int] = defaultdict(int)
        self._looked_at = 0
        self._arrived = asyncio.Condition()

    async def wait_for_code(self, address: str, *, after: int = 0) -> str:
        """Return the code of the e-mail after that many."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self._codes[address]) > after)
            return self._codes[address][after][1]

    def count_codes(self, address: str) -> int:
        """Return how many e-mails with codes an address got."""
        return len(self._codes[address])

    def count_others(self, address: str) -> int:
        """Return how many e-mails without a code it got: one confirms the visit."""
        return self._others[address]

    async def note(self, emails: list[dict[str, Any]]) -> None:
        """Note the e-mails that came since the last look."""
        async with self._arrived:
            # A restarted emulator may have lost some.
            for email in emails[min(self._looked_at, len(emails)) :]:
                code = _CODE.search(email["Subject"])
                for address in email["To"]:
                    if code:
                        self._codes[address].append((time.monotonic(), code.group(1)))
                    else:
                        self._others[address] += 1
            self._looked_at = len(emails)
            self._arrived.notify_all()


@asynccontextmanager
async def open_mailbox(backstage: Backstage) -> AsyncIterator[Mailbox]:
    """Keep looking until the end of the `async with`, also while the emulator does not answer."""
    mailbox = Mailbox()

    async def keep_looking() -> None:
        while True:
            with suppress(OSError):
                await mailbox.note(await asyncio.to_thread(backstage.all_emails))
            await asyncio.sleep(_LOOK_SECONDS)

    looking = asyncio.create_task(keep_looking())
    try:
        yield mailbox
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
