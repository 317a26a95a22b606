"""The durable frames of sessions in memory."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from shared.claims import Claim
from shared.conversations.judgements import JudgedAnswer, Judgement, Verdict
from shared.conversations.ports import ConversationSummaries, ConversationSummary, Marker
from shared.conversations.takeover import ConversationAuditEntry, ConversationTail, Takeover, apply_entry, has_effect
from shared.errors import ConversationEndedError
from shared.messages.server import SERVER_FRAME, ChatFinal, ServerFrame, SessionEnded
from tests.fakes.claims import FakeClaims


class FakeConversationIndex:
    """A `ConversationIndex` that remembers who spoke, for which tenant, and when."""

    def __init__(self) -> None:
        self._spoken: list[tuple[str, str, datetime]] = []

    def add_conversation(self, tenant: str, session_id: str, at: datetime) -> None:
        """Remember that a session had something to say."""
        self._spoken.append((tenant, session_id, at))

    async def list_conversations(
        self, tenant: str, since: datetime, before: datetime, *, limit: int
    ) -> ConversationSummaries:
        """Return the conversations of a time, the latest first."""
        await asyncio.sleep(0)
        last = {session: at for whose, session, at in self._spoken if whose == tenant and since <= at < before}
        latest = sorted(last.items(), key=lambda one: one[1], reverse=True)
        return ConversationSummaries([ConversationSummary(*one) for one in latest[:limit]], len(latest) > limit)

    async def belongs_to_tenant(self, tenant: str, session_id: str) -> bool:
        """Whether a session was added as the tenant's."""
        await asyncio.sleep(0)
        return any((whose, session) == (tenant, session_id) for whose, session, _ in self._spoken)


class FakeConversationAudit:
    """A `ConversationAudit` in memory."""

    def __init__(self) -> None:
        self.entries: dict[str, list[ConversationAuditEntry]] = {}
        self.errors: list[Exception] = []
        """Each is raised by one of the next calls of `add_entry`, before anything is written."""

    async def add_entry(self, session_id: str, entry: ConversationAuditEntry) -> None:
        """Add an audit entry that leaves no frame."""
        await asyncio.sleep(0)
        if self.errors:
            raise self.errors.pop(0)
        self.add(session_id, entry)

    def add(self, session_id: str, entry: ConversationAuditEntry) -> None:
        """Add an audit entry as a part of another write."""
        self.entries.setdefault(session_id, []).append(entry)

    async def list_entries(self, session_id: str) -> Sequence[ConversationAuditEntry]:
        """Return the audit entries, oldest first."""
        await asyncio.sleep(0)
        return sorted(self.entries.get(session_id, []), key=lambda entry: entry.at)


class FakeConversations:
    """A `ConversationStore` that keeps frames as the text that goes over the wire.

    Frame, marker and audit entry are written with no `await` between check and write: that is its transaction.
    """

    def __init__(self, claims: FakeClaims) -> None:
        self._claims = claims
        self.texts: dict[str, list[str]] = {}
        self.stored_at: dict[str, dict[int, datetime]] = {}
        self.takeovers: dict[str, Takeover | None] = {}
        self.judged: dict[tuple[str, int], tuple[str, Judgement]] = {}
        """The tenant and the judgement of answers, by session and number."""
        self.index = FakeConversationIndex()
        self.audit = FakeConversationAudit()
        self.unmarked: dict[tuple[str, Marker], int] = {}
        """The numbers of frames without a marker, by the key of their command."""
        self.ended: dict[str, SessionEnded] = {}
        """The last frames of the sessions that were ended."""
        self.errors: list[Exception | None] = []
        """Each is raised by one of the next writes, before anything is written; None lets one pass."""

    async def end_conversation(self, session_id: str, frame: SessionEnded) -> SessionEnded:
        """Store the last frame, or return the one that is there."""
        await asyncio.sleep(0)
        self._stumble()
        texts = self.texts.setdefault(session_id, [])
        if session_id not in self.ended:
            self.ended[session_id] = frame.model_copy(update={"seq": len(texts) + 1})
            texts.append(self.ended[session_id].to_wire_text())
        return self.ended[session_id]

    async def erase_frames(self, session_id: str) -> None:
        """Leave the number of each frame, and the last frame."""
        await asyncio.sleep(0)
        self._stumble()
        texts = self.texts[session_id]
        self.texts[session_id] = ["" for _ in texts[:-1]] + texts[-1:]
        self.judged = {key: judged for key, judged in self.judged.items() if key[0] != session_id}
        self.takeovers.pop(session_id, None)

    async def append(
        self, session_id: str, frame: ServerFrame, *, claim: Claim, marker: Marker, tenant: str | None = None
    ) -> ServerFrame:
        """Store a frame as the session's next one, or return the one that the marker names already."""
        await asyncio.sleep(0)
        self._stumble()
        stored = self._stored_before(session_id, claim, marker)
        if stored is not None:
            return stored
        if self._standing(session_id) is None:
            self.takeovers.pop(session_id, None)
        return self._store(session_id, frame, claim, marker, tenant)

    async def append_in_steps(
        self,
        session_id: str,
        frame: ServerFrame,
        *,
        claim: Claim,
        marker: Marker,
        after: ConversationTail | None = None,
        tenant: str | None = None,
        on_stored: Callable[[ServerFrame], None] | None = None,
    ) -> ServerFrame:
        """Store a frame as `append` does: nothing can come in between here."""
        if after is not None:
            after.demand_open()
        stored = await self.append(session_id, frame, claim=claim, marker=marker, tenant=tenant)
        if on_stored is not None:
            on_stored(stored)
        return stored

    async def recover_frame(self, session_id: str, *, claim: Claim, marker: Marker) -> ServerFrame | None:
        """Return the frame that `leave_unmarked` has stored, and set its marker."""
        await asyncio.sleep(0)
        record = self._claims.demand(claim)
        seq = self.unmarked.pop((claim.key, marker), None)
        if seq is None or claim.is_first:
            return None
        record.markers[marker] = seq
        record.done = record.done or marker == "outcome"
        return self._at(session_id, seq)

    def leave_unmarked(self, session_id: str, frame: ServerFrame, *, key: str, marker: Marker) -> None:
        """Store a frame as a worker does that dies before it sets the marker."""
        texts = self.texts.setdefault(session_id, [])
        texts.append(frame.with_seq(len(texts) + 1).to_wire_text())
        self.unmarked[key, marker] = len(texts)

    async def record_action(
        self, session_id: str, frame: ServerFrame, *, claim: Claim, entry: ConversationAuditEntry, tenant: str
    ) -> ServerFrame | None:
        """Store a staff message, the takeover after it, and the audit entry; None if the entry changes nothing."""
        await asyncio.sleep(0)
        self._stumble()
        before = self.takeovers.get(session_id)
        if not has_effect(before, entry):
            return None
        stored = self._stored_before(session_id, claim, "outcome")
        if stored is not None:
            return stored
        self.takeovers[session_id] = apply_entry(before, entry)
        self.audit.add(session_id, entry)
        return self._store(session_id, frame, claim, "outcome", tenant)

    async def leave_to_staff(
        self, session_id: str, first: ServerFrame, further: ServerFrame, *, claim: Claim
    ) -> ServerFrame | None:
        """End a command by leaving it to the person who answers; None where nobody does any more."""
        await asyncio.sleep(0)
        self._stumble()
        standing = self._standing(session_id)
        if standing is None:
            return None
        stored = self._stored_before(session_id, claim, "outcome")
        if stored is not None:
            return stored
        self.takeovers[session_id] = replace(standing, is_announced=True)
        return self._store(session_id, further if standing.is_announced else first, claim, "outcome", None)

    def _standing(self, session_id: str) -> Takeover | None:
        takeover = self.takeovers.get(session_id)
        return takeover if takeover and takeover.is_active(self._claims._clock.now()) else None

    def _stumble(self) -> None:
        if self.errors and (error := self.errors.pop(0)):
            raise error

    def _stored_before(self, session_id: str, claim: Claim, marker: Marker) -> ServerFrame | None:
        seq = self._claims.demand(claim).markers.get(marker)
        if seq is None:
            if session_id in self.ended:
                raise ConversationEndedError
            return None
        stored = self._at(session_id, seq)
        if stored is None:
            raise ConversationEndedError(claim.key)
        return stored

    def _store(
        self, session_id: str, frame: ServerFrame, claim: Claim, marker: Marker, tenant: str | None
    ) -> ServerFrame:
        record = self._claims.demand(claim)
        texts = self.texts.setdefault(session_id, [])
        numbered = frame.with_seq(len(texts) + 1, self._claims._clock.now())
        texts.append(numbered.to_wire_text())
        self.stored_at.setdefault(session_id, {})[len(texts)] = self._claims._clock.now()
        record.markers[marker] = len(texts)
        if tenant:
            self.index.add_conversation(tenant, session_id, self._claims._clock.now())
        if marker == "outcome":
            record.done = True
        return numbered

    async def get_tail(self, session_id: str, limit: int, *, before_seq: int | None = None) -> ConversationTail:
        """Return the last frames, or the last ones before a number, and who answers after them."""
        await asyncio.sleep(0)
        texts = self.texts.get(session_id, [])
        if session_id in self.ended and before_seq is None:
            return ConversationTail(last_seq=len(texts), is_ended=True)
        if before_seq is not None:
            texts = texts[: max(0, before_seq - 1)]
        frames = [SERVER_FRAME.validate_json(text) for text in texts[-limit:] if text]
        stored_at = self.stored_at.get(session_id, {})
        numbers = [frame.seq for frame in frames if frame.seq in stored_at]
        return ConversationTail(
            frames,
            self.takeovers.get(session_id),
            last_seq=len(texts),
            stored_at={number: stored_at[number] for number in numbers},
            judgements={
                frame.seq: self.judged[session_id, frame.seq][1]
                for frame in frames
                if frame.seq and (session_id, frame.seq) in self.judged
            },
        )

    async def list_judged(self, tenant: str, verdict: Verdict, *, limit: int) -> Sequence[JudgedAnswer]:
        """Return the answers with a verdict, the latest judgement first."""
        await asyncio.sleep(0)
        found: list[JudgedAnswer] = []
        for (session_id, seq), (whose, judgement) in self.judged.items():
            frame = self._at(session_id, seq)
            if (whose, judgement.verdict) == (tenant, verdict) and isinstance(frame, ChatFinal):
                found.append(JudgedAnswer(session_id, seq, frame.data.text, judgement))
        return sorted(found, key=lambda one: one.judgement.at, reverse=True)[:limit]

    async def get_frame(self, session_id: str, seq: int) -> ServerFrame | None:
        """Return one frame."""
        await asyncio.sleep(0)
        return self._at(session_id, seq)

    def read_frames_after(self, session_id: str, seq: int) -> Iterator[str]:
        """Yield the frames after `seq` as JSON, in order, as the ingress reads them."""
        yield from filter(None, self.texts.get(session_id, [])[seq:])

    def list_frames(self, session_id: str) -> list[ServerFrame]:
        """Return everything that is stored, for a test to look at."""
        return [SERVER_FRAME.validate_json(text) for text in self.texts.get(session_id, []) if text]

    def _at(self, session_id: str, seq: int) -> ServerFrame | None:
        texts = self.texts.get(session_id, [])
        text = texts[seq - 1] if 0 < seq <= len(texts) else ""
        return SERVER_FRAME.validate_json(text) if text else None
