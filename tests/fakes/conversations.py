"""The durable frames of sessions in memory."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from shared.errors import LeaseLostError
from shared.messages.server import SERVER_FRAME, ServerFrame
from shared.ports import Claim, ConversationGlance, Marker
from tests.fakes.claims import FakeClaims


class FakeConversationIndex:
    """A `ConversationIndex` that remembers who spoke, for which tenant, and when."""

    def __init__(self) -> None:
        self._spoken: list[tuple[str, str, datetime]] = []

    def note(self, tenant: str, session_id: str, at: datetime) -> None:
        """Remember that a session had something to say."""
        self._spoken.append((tenant, session_id, at))

    async def on(self, tenant: str, day: date, *, limit: int) -> Sequence[ConversationGlance]:
        """Return the conversations of a day, the latest first."""
        await asyncio.sleep(0)
        last = {session: at for whose, session, at in self._spoken if whose == tenant and at.date() == day}
        latest = sorted(last.items(), key=lambda one: one[1], reverse=True)
        return [ConversationGlance(session, at) for session, at in latest[:limit]]

    async def belongs(self, tenant: str, session_id: str) -> bool:
        """Whether a session was noted as the tenant's."""
        await asyncio.sleep(0)
        return any((whose, session) == (tenant, session_id) for whose, session, _ in self._spoken)


class FakeConversations:
    """A `ConversationStore` that keeps frames as the text that goes over the wire.

    Frame and marker are written with no `await` between check and write: that is its transaction.
    """

    def __init__(self, claims: FakeClaims) -> None:
        self._claims = claims
        self.texts: dict[str, list[str]] = {}
        self.index = FakeConversationIndex()
        self.trouble: list[Exception] = []
        """Each is raised by one of the next appends, before anything is written."""

    async def append(
        self, session_id: str, frame: ServerFrame, *, claim: Claim, marker: Marker, tenant: str | None = None
    ) -> ServerFrame:
        """Store a frame as the session's next one, or return the one that the marker names already."""
        await asyncio.sleep(0)
        if self.trouble:
            raise self.trouble.pop(0)
        record = self._claims.demand(claim)
        stored_before = record.markers.get(marker)
        if stored_before is not None:
            stored = self._at(session_id, stored_before)
            if stored is None:
                raise LeaseLostError(f"{claim.key}: its session was erased")
            return stored
        texts = self.texts.setdefault(session_id, [])
        numbered = frame.numbered(len(texts) + 1)
        texts.append(numbered.wire())
        record.markers[marker] = len(texts)
        if tenant:
            self.index.note(tenant, session_id, self._claims._clock.now())
        if marker == "outcome":
            record.done = True
        return numbered

    async def latest(self, session_id: str, limit: int) -> Sequence[ServerFrame]:
        """Return the last frames, oldest first."""
        await asyncio.sleep(0)
        return [SERVER_FRAME.validate_json(text) for text in self.texts.get(session_id, [])[-limit:]]

    async def frame(self, session_id: str, seq: int) -> ServerFrame | None:
        """Return one frame."""
        await asyncio.sleep(0)
        return self._at(session_id, seq)

    def frames_after(self, session_id: str, seq: int) -> Iterator[str]:
        """Yield the frames after `seq` as JSON, in order, as the ingress reads them."""
        yield from self.texts.get(session_id, [])[seq:]

    def of(self, session_id: str) -> list[ServerFrame]:
        """Return everything that is stored, for a test to look at."""
        return [SERVER_FRAME.validate_json(text) for text in self.texts.get(session_id, [])]

    def _at(self, session_id: str, seq: int) -> ServerFrame | None:
        texts = self.texts.get(session_id, [])
        return SERVER_FRAME.validate_json(texts[seq - 1]) if 0 < seq <= len(texts) else None
