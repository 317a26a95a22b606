"""Ends queries that have waited too long: nobody needs the answer any more."""

import asyncio
from datetime import timedelta

import structlog

from shared.claims import Claim, ClaimStore
from shared.clock import Clock
from shared.conversations.replies import Replies, build_refusal_frame, choose_locale, find_refusal_code
from shared.errors import TransientError
from shared.messages.commands import BookingCommand, BookingLookup, BookingQuery, BookingSlots
from shared.messages.errors import ErrorCode
from shared.messages.server import Error

log = structlog.get_logger()

MAX_WAIT = timedelta(seconds=10)
"""The widget repeats a query after ten seconds, and the assistant waits for three."""

ANSWERED_WITHIN = timedelta(seconds=9)
RETRIED_WITHIN = timedelta(seconds=4)
"""The first retries come within two seconds."""

_SHORTEST = timedelta(seconds=1)

_READ_SECONDS = 0.5
"""How long the refusal of a query may look for connections, so that it comes within ten seconds."""

_UNDO = timedelta(seconds=2)
"""What the end of a claim that has no answer takes, because it may have been written."""

_CHECKED_AFTER = timedelta(seconds=2)
"""A query that waited no longer is answered without a look at its connection."""


class LateQueries:
    """Answers what waited too long with `TIMEOUT`, and drops the queries of visitors who have gone."""

    def __init__(self, *, replies: Replies, claims: ClaimStore, clock: Clock) -> None:
        self._replies = replies
        self._claims = claims
        self._clock = clock

    def is_late(self, query: BookingSlots | BookingLookup) -> bool:
        """Return whether a query has waited too long for an answer; a replay counts as new."""
        return not query.replay and self._compute_wait(query) > MAX_WAIT

    def compute_seconds_left(self, query: BookingSlots | BookingLookup) -> float:
        """Return how long the answer may still take, of which some is kept for the refusal."""
        waited = timedelta() if query.replay else self._compute_wait(query)
        return max(_SHORTEST, ANSWERED_WITHIN - waited).total_seconds()

    def compute_claim_seconds(self, query: BookingSlots | BookingLookup) -> float:
        """Return how long the claim may take, so that there is time to undo it."""
        return max(_SHORTEST.total_seconds(), self.compute_seconds_left(query) - _UNDO.total_seconds())

    async def refuse_unclaimed(self, query: BookingSlots | BookingLookup) -> bool:
        """Refuse a query without a claim, and return True; False if it is soon enough to try again.

        One that was answered before gets another answer, which its client drops.
        """
        if self.may_be_retried(query):
            return False
        log.info("query_refused_unclaimed")
        await self._refuse_directly(query)
        return True

    def may_be_retried(self, query: BookingSlots | BookingLookup) -> bool:
        """Return whether another attempt may still answer in time."""
        return bool(query.replay) or self._compute_wait(query) < RETRIED_WITHIN

    async def drop_if_gone(self, query: BookingSlots | BookingLookup, claim: Claim) -> bool:
        """End a query that waited and whose session has no connection any more; return whether that is so.

        The connections are read once, and consistently: a visitor who has just come back gets the answer.
        """
        waited = self._compute_wait(query)
        if waited <= _CHECKED_AFTER or await self._replies.list_connections(query.session_id):
            return False
        log.info("query_dropped", waited_ms=round(waited / timedelta(milliseconds=1)))
        await self._claims.complete(claim)
        return True

    async def refuse(self, query: BookingSlots | BookingLookup, claim: Claim) -> str | None:
        """Post `TIMEOUT`, after which the visitor may ask again, and end the query; return the code."""
        log.info("query_refused", code=ErrorCode.TIMEOUT)
        try:
            async with asyncio.timeout(_READ_SECONDS):
                connections = await self._replies.list_connections(query.session_id)
        except (TransientError, TimeoutError):
            frame = await self._refuse_directly(query)
        else:
            frame = _build_refusal(query, choose_locale(connections, query.locale))
            await self._replies.post_frame(query.session_id, frame, connections)
        await self._claims.complete(claim)
        return find_refusal_code(frame)

    async def _refuse_directly(self, query: BookingSlots | BookingLookup) -> Error:
        """Post `TIMEOUT` over the connection that the query came over: that takes no table.

        Neither the language of its `hello` nor other connections are known then.
        """
        frame = _build_refusal(query, query.locale)
        await self._replies.post_to(query.connection_id, frame)
        return frame

    def find_max_wait(self, message: BookingCommand) -> timedelta | None:
        """Return how long a query may wait for a handler; a command waits without limit."""
        return MAX_WAIT if isinstance(message, BookingSlots | BookingLookup | BookingQuery) else None

    async def shed_message(self, message: BookingCommand, claim: Claim) -> str | None:
        """End a query for which there is no handler in time; the assistant does without an answer."""
        if isinstance(message, BookingSlots | BookingLookup):
            return await self.refuse(message, claim)
        await self._claims.complete(claim)
        return None

    def _compute_wait(self, query: BookingSlots | BookingLookup) -> timedelta:
        return self._clock.now() - query.accepted_at


def _build_refusal(query: BookingSlots | BookingLookup, locale: str) -> Error:
    return build_refusal_frame(ErrorCode.TIMEOUT, re=query.client_id, locale=locale)
