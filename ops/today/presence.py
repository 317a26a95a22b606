"""Shows a visitor that a person writes an answer, or has read what they wrote.

Nothing is stored. A desk reports a person's typing every few seconds, so what a report costs is bounded here: in ten
seconds, a conversation costs one query for its connections, and a post for each of them every three seconds. Whether an
operator may see it is asked once in ten minutes.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ops.desk.domain.values import Operator
from ops.today.rules import build_author
from shared.clock import Clock
from shared.conversations.ports import Connection
from shared.conversations.replies import Replies
from shared.messages.server import PRESENCE, Presence, PresenceData

TYPING_PAUSE = timedelta(seconds=3)
"""Typing is said again after this time at the earliest."""

TYPING_DURATION = timedelta(seconds=6)
"""How long clients show it."""

CONNECTIONS_DURATION = timedelta(seconds=10)
PERMISSION_DURATION = timedelta(minutes=10)
_MAX_CONVERSATIONS = 500
"""How many are remembered; those that nobody reports about for the longest time are forgotten."""

MayAnswer = Callable[[Operator, str, str], Awaitable[bool]]
"""Whether an operator may answer a tenant's conversation."""


@dataclass(slots=True)
class _Reported:
    """What is known about one conversation, and what was reported to its visitor last."""

    connections: Sequence[Connection] = ()
    connections_until: datetime | None = None
    typing_at: datetime | None = None
    read_seq: int = 0

    def find_news_of_typing(self, now: datetime, *, typing: bool | None) -> bool | None:
        """Return what is to be said about typing now; None if nothing is."""
        is_displayed = self.typing_at is not None and now - self.typing_at < TYPING_DURATION
        if typing is None or (not typing and not is_displayed):
            return None
        is_repeated = typing and self.typing_at is not None and now - self.typing_at < TYPING_PAUSE
        return None if is_repeated else typing


class StaffPresence:
    """Posts `presence` to the clients that know it."""

    def __init__(self, *, replies: Replies, may_answer: MayAnswer, clock: Clock) -> None:
        self._replies = replies
        self._may_answer = may_answer
        self._clock = clock
        self._reported: OrderedDict[str, _Reported] = OrderedDict()
        self._permitted: OrderedDict[tuple[str, frozenset[str] | None, str, str], datetime] = OrderedDict()

    async def report(
        self,
        operator: Operator,
        tenant: str,
        session_id: str,
        *,
        typing: bool | None = None,
        read_seq: int | None = None,
    ) -> bool:
        """Show what the operator does; return False if there is no such conversation for them.

        A report that says nothing new costs nothing.

        Raises:
            TransientError: the connections can't be read.
        """
        if not await self._is_permitted(operator, tenant, session_id):
            return False
        reported = self._reported.setdefault(session_id, _Reported())
        self._reported.move_to_end(session_id)
        _forget_oldest(self._reported)
        now = self._clock.now()
        typing = reported.find_news_of_typing(now, typing=typing)
        read_seq = read_seq if read_seq and read_seq > reported.read_seq else None
        if typing is None and read_seq is None:
            return True
        if typing is not None:
            reported.typing_at = now if typing else None
        reported.read_seq = read_seq or reported.read_seq
        data = PresenceData(author=build_author(operator), typing=typing, read_seq=read_seq)
        await self._post(session_id, reported, Presence(data=data), now)
        return True

    async def _post(self, session_id: str, reported: _Reported, frame: Presence, now: datetime) -> None:
        if reported.connections_until is None or now >= reported.connections_until:
            connections = await self._replies.list_connections(session_id, may_lag=True)
            reported.connections = [one for one in connections if PRESENCE in one.capabilities]
            reported.connections_until = now + CONNECTIONS_DURATION
        reported.connections = await self._replies.post_frame(session_id, frame, reported.connections)

    async def _is_permitted(self, operator: Operator, tenant: str, session_id: str) -> bool:
        key = (operator.name, operator.tenants, tenant, session_id)
        now = self._clock.now()
        if (until := self._permitted.get(key)) and now < until:
            return True
        if not await self._may_answer(operator, tenant, session_id):
            return False
        self._permitted[key] = now + PERMISSION_DURATION
        self._permitted.move_to_end(key)
        _forget_oldest(self._permitted)
        return True


def _forget_oldest(known: OrderedDict) -> None:  # type: ignore[type-arg]
    while len(known) > _MAX_CONVERSATIONS:
        known.popitem(last=False)
