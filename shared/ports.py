"""The roles that more than one deployable needs filled."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from shared.conversations import ConversationDeed, Talk
from shared.messages.commands import OwnBookingCommand
from shared.messages.notices import AnyNotice
from shared.messages.server import ServerFrame, Usage
from shared.tenants.profile import TenantProfile

Marker = Literal["sent", "outcome"]
"""What a durable frame is to its command: the visitor's own message, or how the command ended."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One worker's right to carry out one command, until the lease runs out."""

    key: str
    owner: str
    attempts: int
    """How often the command was claimed, this time included."""

    unfinished: int = 0
    """How many earlier claims ended without a word: their worker died, or lost its lease."""


@dataclass(frozen=True, slots=True)
class Done:
    """The command has ended; its outcome is the session's frame `outcome_seq`, if it left one."""

    outcome_seq: int | None


@dataclass(frozen=True, slots=True)
class Busy:
    """Another worker holds the command, until `until` at the latest unless it extends."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The key was used before, for another payload."""


class ClaimStore(Protocol):
    """The processed-message records: one per command key."""

    async def claim(self, key: str, *, fingerprint: str, lease: timedelta) -> Claim | Done | Busy | Mismatch:
        """Take the command, count the attempt, or say why not."""
        ...

    async def extend(self, claim: Claim, *, lease: timedelta) -> bool:
        """Keep the command; False when it is another's now."""
        ...

    async def lost(self, claims: Sequence[Claim]) -> Collection[Claim]:
        """Return those of the claims that are no longer their owner's."""
        ...

    async def release(self, claim: Claim, *, unspent: bool = False) -> None:
        """Give the command back before the lease runs out; a claim already lost is left alone.

        `unspent` takes the attempt back: the worker was told to stop, nothing had failed.
        """
        ...

    async def complete(self, claim: Claim) -> None:
        """Record the end of a command that leaves no frame.

        Raises:
            LeaseLostError: another worker owns it.
        """
        ...

    async def stop_requested(self, key: str) -> bool:
        """Whether the visitor asked to end this command early."""
        ...


class ConversationStore(Protocol):
    """The durable frames of each session, numbered from 1 without gaps, and with them who answers it."""

    async def append(
        self, session_id: str, frame: ServerFrame, *, claim: Claim, marker: Marker, tenant: str | None = None
    ) -> ServerFrame:
        """Store a frame as the session's next one, in one step with the command's marker.

        With `tenant`, the conversation is found among those of the tenant's day (`ConversationIndex`). A takeover
        that stands goes on.
        Returns the frame with its number; where the marker stands already, the frame stored then.

        Raises:
            LeaseLostError: another worker owns the command; nothing was written.
        """
        ...

    async def act(
        self, session_id: str, frame: ServerFrame, *, claim: Claim, deed: ConversationDeed, tenant: str
    ) -> ServerFrame | None:
        """Store what a person says as `append` does, which ends the command; who answers changes in the same step.

        The deed is in the story from then on. None, and nothing written, where it is no news: of two people who press
        the same button at once, it is one's deed.

        Raises:
            LeaseLostError: the command is another's; nothing was written.
        """
        ...

    async def leave(
        self, session_id: str, first: ServerFrame, further: ServerFrame, *, claim: Claim
    ) -> ServerFrame | None:
        """End a command by leaving it to the person who answers; None, and nothing written, where nobody does.

        A conversation may be handed back at any moment: what is left to nobody is still the command's to answer.
        The first frame since the takeover is `first`, by which the visitor hears of it; all others are `further`.

        Raises:
            LeaseLostError: the command is another's; nothing was written.
        """
        ...

    async def latest(self, session_id: str, limit: int) -> Talk:
        """Return the last frames, and who answers after them."""
        ...

    async def frame(self, session_id: str, seq: int) -> ServerFrame | None:
        """Return one frame."""
        ...


class ConversationStory(Protocol):
    """What people did in a conversation, kept for as long as its frames are."""

    async def note(self, session_id: str, deed: ConversationDeed) -> None:
        """Add a deed that leaves no frame."""
        ...

    async def of(self, session_id: str) -> Sequence[ConversationDeed]:
        """Return the deeds of the latest days, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Connection:
    """One open WebSocket of a session, and what its `hello` said."""

    connection_id: str
    connected_at: datetime
    locale: str | None = None
    tz: str | None = None


@dataclass(frozen=True, slots=True)
class ConversationGlance:
    """That a session had something to say on a day."""

    session_id: str
    last_at: datetime


@dataclass(frozen=True, slots=True)
class ConversationGlances:
    """Some conversations, the latest first."""

    glances: Sequence[ConversationGlance]
    has_more: bool = False
    """Whether others may follow."""


class ConversationIndex(Protocol):
    """Which conversations a tenant has, and when."""

    async def between(self, tenant: str, since: datetime, before: datetime, *, limit: int) -> ConversationGlances:
        """Return those that had something to say from `since` on, and when they did last before `before`."""
        ...

    async def belongs(self, tenant: str, session_id: str) -> bool:
        """Whether a session is known to be the tenant's."""
        ...


class ConnectionStore(Protocol):
    """Which connections a session has right now."""

    async def of(self, session_id: str) -> Sequence[Connection]:
        """Return the session's connections, newest first."""
        ...

    async def remove(self, session_id: str, connection_id: str) -> None:
        """Forget a connection; one that is unknown is no error."""
        ...


class ConnectionPoster(Protocol):
    """The way to a visitor's socket."""

    async def post(self, connection_id: str, text: str) -> bool:
        """Send one text frame; False when the connection is gone. Any other trouble is logged, not raised."""
        ...


class NoticeQueue(Protocol):
    """Where notices to people are put."""

    async def put(self, notice: AnyNotice) -> None:
        """Queue a notice; putting the same id twice is harmless."""
        ...


class InternalCommandQueue(Protocol):
    """Where the backend puts what it asks of itself."""

    async def put(self, command: OwnBookingCommand, *, group: str) -> None:
        """Queue a command after those of its group; putting the same one twice is harmless."""
        ...


class TenantDirectory(Protocol):
    """Profiles and documents of tenants, from a cache that is never older than five minutes while S3 answers."""

    async def tenants(self) -> Sequence[str]:
        """Return the names of all tenants' folders, whether their profiles are good or not."""
        ...

    async def profile(self, tenant: str) -> TenantProfile:
        """Return the profile.

        Raises:
            PermanentError: `unknown_tenant`, or `bad_profile` when there never was a good one.
        """
        ...

    async def documents(self, tenant: str) -> Mapping[str, str]:
        """Return the knowledge base: file name to Markdown text, in the order of the names."""
        ...


class UsageStore(Protocol):
    """Counters per tenant and day (UTC)."""

    async def add(self, tenant: str, day: str, usage: Usage) -> None:
        """Add one answer's tokens."""
        ...

    async def output_tokens(self, tenant: str, day: str) -> int:
        """Return the output tokens of a day so far."""
        ...


class Metrics(Protocol):
    """The figures on the dashboard."""

    def count(self, name: str, value: float = 1, **dimensions: str) -> None:
        """Count something that happened."""
        ...

    def milliseconds(self, name: str, *values: float, **dimensions: str) -> None:
        """Record how long something took, each time."""
        ...
