"""The ports of a conversation: its frames, its audit entries, its index and its open connections."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from shared.claims import Claim
from shared.conversations.handover import Handover, StaffRequest
from shared.conversations.judgements import JudgedAnswer, Verdict
from shared.conversations.takeover import ConversationAuditEntry, ConversationTail
from shared.messages.server import ServerFrame, SessionEnded

Marker = Literal["sent", "challenge", "outcome"]
"""What a durable frame is to its command: the visitor's own message, the challenge that has to be solved first, or how
the command ended."""


class ConversationStore(Protocol):
    """The durable frames of each session, numbered from 1 without gaps, and who answers the session."""

    async def append(
        self, session_id: str, frame: ServerFrame, *, claim: Claim, marker: Marker, tenant: str | None = None
    ) -> ServerFrame:
        """Store a frame as the session's next one, in one step with the command's marker.

        With `tenant`, the conversation is found among those of the tenant's day (`ConversationIndex`). An active
        takeover continues.
        Returns the frame with its number; if the marker is set already, the frame that was stored with it.

        Raises:
            LeaseLostError: another worker owns the command; nothing was written.
        """
        ...

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
        """Store a frame as `append` does, once and without gaps, but the frame first and then the marker.

        That costs half as much. A worker that loses its lease in between leaves its frame to its successor, so this is
        for frames that are as true when another worker goes on: not for a refusal whose reason may have passed. The
        first try is for the number after `after`, which saves a read. `on_stored` is called in between: then the frame
        is durable, and keeps its number whoever sets the marker.

        Raises:
            LeaseLostError: another worker owns the command.
        """
        ...

    async def recover_frame(self, session_id: str, *, claim: Claim, marker: Marker) -> ServerFrame | None:
        """Return the frame that an earlier worker stored before it could set the marker, and set it; None without one.

        Raises:
            LeaseLostError: another worker owns the command.
        """
        ...

    async def record_action(
        self, session_id: str, frame: ServerFrame, *, claim: Claim, entry: ConversationAuditEntry, tenant: str
    ) -> ServerFrame | None:
        """Store a staff member's frame as `append` does, which ends the command; who answers changes in the same step.

        The audit entry is written with it. Returns None, and writes nothing, where the action changes nothing: if two
        staff members press the same button at once, one of them acts.

        Raises:
            LeaseLostError: the command is another's; nothing was written.
        """
        ...

    async def leave_to_staff(
        self, session_id: str, first: ServerFrame, further: ServerFrame, *, claim: Claim
    ) -> ServerFrame | None:
        """End a command by leaving it to staff; return None, and write nothing, if no takeover is active.

        A conversation may be handed back at any moment; the command must be answered then. The first frame since the
        takeover is `first`, which announces it to the visitor; all others are `further`.

        Raises:
            LeaseLostError: the command is another's; nothing was written.
        """
        ...

    async def get_tail(self, session_id: str, limit: int, *, before_seq: int | None = None) -> ConversationTail:
        """Return the last frames, or the last ones before a number, and who answers after them.

        At most `limit`; fewer than exist where they are large.
        """
        ...

    async def get_frame(self, session_id: str, seq: int) -> ServerFrame | None:
        """Return one frame."""
        ...


class ConversationErasure(Protocol):
    """Ends conversations for good.

    Raises:
        TransientError: the table can't be reached; the same call goes on where it stopped.
    """

    async def end_conversation(self, session_id: str, frame: SessionEnded) -> SessionEnded:
        """Store the last frame of a conversation, and return it with its number; a second call returns the first one.

        From then on, nobody stores a frame, a request for a person or a judgement in it (`ConversationEndedError`).
        """
        ...

    async def erase_frames(self, session_id: str) -> None:
        """Erase all frames of an ended conversation but the last one, and the requests for a person.

        The audit entries stay: they say who of the staff looked at it, and nothing of what the visitor wrote.
        """
        ...


class ConversationAudit(Protocol):
    """What staff did in a conversation, kept for as long as its frames are."""

    async def add_entry(self, session_id: str, entry: ConversationAuditEntry) -> None:
        """Add an entry for an action that leaves no frame."""
        ...

    async def list_entries(self, session_id: str) -> Sequence[ConversationAuditEntry]:
        """Return the entries of the latest days, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Connection:
    """One open WebSocket of a session, and what its `hello` said."""

    connection_id: str
    connected_at: datetime
    locale: str | None = None
    tz: str | None = None
    capabilities: frozenset[str] = frozenset()
    """What its client understands beyond the frames that every client knows."""


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """A session with frames in a period."""

    session_id: str
    last_at: datetime


@dataclass(frozen=True, slots=True)
class ConversationSummaries:
    """Some conversations, the latest first."""

    summaries: Sequence[ConversationSummary]
    has_more: bool = False
    """Whether others may follow."""


class ConversationIndex(Protocol):
    """Which conversations a tenant has, and when."""

    async def list_conversations(
        self, tenant: str, since: datetime, before: datetime, *, limit: int
    ) -> ConversationSummaries:
        """Return the sessions with frames from `since` on, and when they had their last one before `before`."""
        ...

    async def belongs_to_tenant(self, tenant: str, session_id: str) -> bool:
        """Whether a session is known to be the tenant's."""
        ...


class JudgedAnswers(Protocol):
    """Which of a tenant's answers visitors have judged."""

    async def list_judged(self, tenant: str, verdict: Verdict, *, limit: int) -> Sequence[JudgedAnswer]:
        """Return the answers with a verdict, the latest judgement first."""
        ...


class HandoverStore(Protocol):
    """Which visitors have asked for a person, and which of them still wait for one."""

    async def add_request(self, tenant: str, session_id: str, request: StaffRequest, *, waits: bool) -> Handover:
        """Add a request to those of the conversation, once for each command, and return all of them.

        With `waits`, the conversation is one of those that the tenant's staff have to answer.
        """
        ...

    async def end_wait(self, session_id: str, *, by: str) -> None:
        """Record that a staff member has taken care of the requests, if somebody waits."""
        ...

    async def get_handover(self, session_id: str) -> Handover | None:
        """Return the requests of a conversation; None if there is none."""
        ...

    async def list_waiting(self, tenant: str, *, limit: int) -> Sequence[str]:
        """Return the sessions whose visitors wait, the longest wait first; the last second may be missing."""
        ...


class ConnectionStore(Protocol):
    """Which connections a session has right now."""

    async def list_connections(self, session_id: str, *, may_lag: bool = False) -> Sequence[Connection]:
        """Return the session's connections, newest first; with `may_lag`, changes of the last second may be missing."""
        ...

    async def remove(self, session_id: str, connection_id: str) -> None:
        """Forget a connection that is gone, unless it may not be established yet; one that is unknown is no error."""
        ...

    async def forget(self, session_id: str, connection_id: str) -> None:
        """Forget a connection, however young it is; one that is unknown is no error."""
        ...


class ConnectionPoster(Protocol):
    """The way to a visitor's socket."""

    async def post(self, connection_id: str, text: str) -> bool:
        """Send one text frame; False when the connection is gone. Any other error is logged, not raised."""
        ...

    async def close(self, connection_id: str) -> None:
        """Close the connection; one that is gone is no error, and any other error is logged."""
        ...
