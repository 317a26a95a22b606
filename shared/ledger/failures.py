"""The values of the failure ledger: a failure, its states, its audit trail, and a filter over failures."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from shared.ledger.audit_details import AuditDetail


class FailureState(StrEnum):
    """What became of a failure so far."""

    FAILED = "failed"
    REPLAYING = "replaying"
    RESOLVED = "resolved"
    REFUSED = "refused"
    """Its replay ended with a refusal: the visitor was notified, and does not have what they asked for."""
    FAILED_AGAIN = "failed_again"
    DISCARDED = "discarded"
    ERASED = "erased"
    """Its visitor asked to be forgotten: its content is deleted, and a later dead letter of it is not recorded."""


QUEUES = ("booking", "chat", "notifications")
"""Where failures come from, and where a replay puts them."""

AuditAction = Literal[
    "failed", "replayed", "resolved", "refused", "failed_again", "edited", "discarded", "unmasked", "erased"
]
"""`unmasked`: an operator looked at the personal data."""

SYSTEM_ACTIONS: Final[frozenset[AuditAction]] = frozenset({"failed", "failed_again", "resolved", "refused"})
"""Actions of the system: their author is one of its parts, and never an operator with the name of one."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry of a failure's audit trail: who did what, and when. Never what a visitor wrote."""

    at: datetime
    by: str
    """An operator as they signed in, or the name of a part such as `ledger` or `booking`."""
    action: AuditAction
    detail: AuditDetail = ""

    @property
    def note(self) -> str:
        """Return the detail as operators read it."""
        return str(self.detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A message that could not be processed, kept for as long as an operator may want to replay it."""

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
    """Of the message, such as `booking.create`. An unreadable message gives this and the next three itself, as far as
    they are plausible; otherwise they are None."""
    tenant: str | None = None
    session_id: str | None = None
    command_id: str | None = None
    trace: str | None = None
    replays: int = 0
    """How often it was replayed; the latest replay has this number."""
    audit_trail: tuple[AuditEntry, ...] = ()
    version: int = 1
    """Grows by one with every change: two operators do not undo each other's changes."""


@dataclass(frozen=True, slots=True)
class FailureFilter:
    """Which failures match; a criterion that is None matches all."""

    queue: str | None = None
    tenants: Collection[str] | None = None
    """None is every tenant, and failures of no tenant; for an operator with access to some tenants, these."""
    states: Collection[FailureState] | None = None
    reason: str | None = None
    """The whole name."""
    since: datetime | None = None
    until: datetime | None = None
    """Of the last failure: from `since` on, before `until`."""
    text: str | None = None
    """Found in type, tenant, reason, error, or any id, ignoring case; never in the payload."""


@dataclass(frozen=True, slots=True)
class FailurePage:
    """Some failures, the latest first."""

    failures: Sequence[Failure]
    after: str | None
    """Where the next page begins; None after the last one."""
