"""Tells a visitor who waits without a word that the answer is still coming."""

from contextlib import AbstractAsyncContextManager
from datetime import timedelta

from shared.clock import Clock
from shared.conversations.waiting import WaitingVisitors
from shared.messages.commands import ChatCommand

QUIET = timedelta(seconds=6)
"""After this time without words a frame is due: a visitor hears something within ten seconds."""


class ChatVisitor:
    """A `WaitingVisitor`: every message of chat leaves something behind, so none is refused without a claim."""

    def __init__(self, waiting: WaitingVisitors, clock: Clock) -> None:
        self._waiting = waiting
        self._clock = clock

    def watch(self, message: ChatCommand) -> AbstractAsyncContextManager[None]:
        """Report inside the `with` when there are no words."""
        return self._waiting.watch(message, waited=self._clock.now() - message.accepted_at, first_after=QUIET)

    def compute_claim_seconds(self, message: ChatCommand) -> None:
        """Return None: no message is a query."""

    async def refuse_unclaimed(self, _message: ChatCommand) -> bool:
        """Return False: what was asked is stored, and has to be answered."""
        return False
