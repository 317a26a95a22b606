"""The ledger of failures: every dead letter, what became of it, and who did what about it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from shared.ledger.audit_details import AuditDetail


class FailureState(StrEnum):
    """What became of a dead letter so far."""

    FAILED = "failed"
    REPLAYING = "replaying"
    RESOLVED = "resolved"
    REFUSED = "refused"
    """Its replay ended with a no: the visitor has heard it, and has not what they asked for."""
    FAILED_AGAIN = "failed_again"
    DISCARDED = "discarded"
    ERASED = "erased"
    """Its visitor asked to be forgotten: what it said is gone, and a letter that says it again is not taken."""


QUEUES = ("booking", "chat", "notifications")
"""Where failures come from, and where they go again."""

AuditAction = Literal[
    "failed", "replayed", "resolved", "refused", "failed_again", "edited", "discarded", "unmasked", "erased"
]
"""`unmasked`: somebody looked at the personal data."""

SYSTEM_ACTIONS: Final[frozenset[AuditAction]] = frozenset({"failed", "failed_again", "resolved", "refused"})
"""Actions of the system: their author is one of its parts, and never an operator with the name of one."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of a failure's story: who did what, and when. Never what a visitor said."""

    at: datetime
    by: str
    """A person as they signed in, or the name of a part such as `ledger` or `booking`."""
    action: AuditAction
    detail: AuditDetail = ""

    @property
    def note(self) -> str:
        """Return the detail as operators read it."""
        return str(self.detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A message that was given up, kept for as long as somebody may want to repair it."""

    failure_id: str
    """Derived from queue and command (or, of what could not be read, from the message): one command, one failure."""
    queue: str
    """One of `QUEUES`."""
    group: str | None
    payload: str = field(repr=False)
    """The queued message's text; encrypted wherever it is stored. It is empty if no available key decrypts it:
    no message is empty, and a change to such a failure leaves the stored text as it is. An erased one has no text."""
    reason: str
    """A static name such as `calendar_access_revoked`."""
    error: str
    attempts: int
    first_at: datetime
    """When it failed for the first time."""
    last_at: datetime
    """When it failed for the last time."""
    state: FailureState = FailureState.FAILED
    type: str | None = None
    """Of the message, such as `booking.create`. Of what could not be read this and the next three are what it says of
    itself, if that may be true; otherwise None."""
    tenant: str | None = None
    session_id: str | None = None
    command_id: str | None = None
    trace: str | None = None
    replays: int = 0
    """How often it was replayed; the latest replay has this number."""
    audit_trail: tuple[AuditEntry, ...] = ()
    version: int = 1
    """Grows by one with every change: two people at two desks do not undo each other."""


@dataclass(frozen=True, slots=True)
class FailureFilter:
    """Which failures are meant; what is None is not looked at."""

    queue: str | None = None
    tenants: Collection[str] | None = None
    """None is every tenant, and what belongs to none; a person who may see some names them here."""
    states: Collection[FailureState] | None = None
    reason: str | None = None
    """The whole name."""
    since: datetime | None = None
    until: datetime | None = None
    """Of the last failure: from `since` on, before `until`."""
    text: str | None = None
    """Found in type, tenant, reason, error, or any id, whatever its letters' case; never in the payload."""


@dataclass(frozen=True, slots=True)
class FailurePage:
    """Some failures, the latest first."""

    failures: Sequence[Failure]
    after: str | None
    """Where the next page begins; None after the last one."""
