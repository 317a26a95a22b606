"""Ends queries that have waited too long: nobody needs the answer any more."""

from datetime import timedelta

import structlog

from shared.claims import Claim, ClaimStore
from shared.clock import Clock
from shared.conversations.replies import Replies, build_refusal_frame, find_refusal_code
from shared.messages.commands import BookingCommand, BookingLookup, BookingQuery, BookingSlots
from shared.messages.errors import ErrorCode

log = structlog.get_logger()

MAX_WAIT = timedelta(seconds=10)
"""The widget repeats a query after ten seconds, and the assistant waits for three."""

ANSWERED_WITHIN = timedelta(seconds=9)
RETRIED_WITHIN = timedelta(seconds=4)
"""The first retries come within two seconds."""

_SHORTEST = timedelta(seconds=1)

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
        connections = await self._replies.list_connections(query.session_id)
        locale = next((one.locale for one in connections if one.locale), query.locale)
        frame = build_refusal_frame(ErrorCode.TIMEOUT, re=query.client_id, locale=locale)
        log.info("query_refused", code=ErrorCode.TIMEOUT)
        await self._replies.post_frame(query.session_id, frame, connections)
        await self._claims.complete(claim)
        return find_refusal_code(frame)

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
