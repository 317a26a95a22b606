"""The values of the desk: operators, failures with details, forecasts, and outcomes of actions."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.ledger.failures import Failure, FailurePage


@dataclass(frozen=True, slots=True)
class Operator:
    """Who uses the desk."""

    name: str
    """The name under which they signed in; it stands in every audit entry of theirs."""
    tenants: frozenset[str] | None = None
    """The tenants whose failures they may see; None means all tenants, and failures without a tenant."""
    is_display_name: bool = True
    """Whether visitors may read the name: not that of an account, or of a token that several people have."""


class ForecastKind(StrEnum):
    """What the outcome of a replay would be now."""

    FREE = "free"
    """The requested time is free: the visit would be booked or moved there."""
    OCCUPIED = "taken"
    """The time is occupied: the visitor would be offered the `alternatives`."""
    PAST = "past"
    """The time has passed: the visitor would be offered the `alternatives`."""
    TOO_OLD = "too_old"
    """The request is too old: the visitor would be asked to choose again."""
    OVERTAKEN = "overtaken"
    """The visit changed after the command was accepted: the visitor would be asked to choose again."""
    ALREADY_DONE = "already_done"
    """The effect exists already: the visitor would be told so, and nothing else would happen."""
    WOULD_BE_FINISHED = "would_be_finished"
    """The change of the visit is stored already; its missing effects would follow: e-mail, reminders, event."""
    WOULD_BE_ENTERED = "would_be_entered"
    """The calendar lacks the visit, or shows an earlier version of it: its event would be written."""
    WOULD_BE_REMOVED = "would_be_removed"
    """The calendar still shows a cancelled visit: its event would be removed."""
    REFUSED = "refused"
    """The visitor would get the refusal `code`."""
    WOULD_BE_DONE = "would_be_done"
    """A booking command without a requested time, such as a code, a cancellation or a reminder, would be processed."""
    STALE = "stale"
    """A notice that is too late to be useful: it would not be sent."""
    WOULD_BE_SENT = "would_be_sent"
    """A notice that would be sent."""
    WOULD_BE_TRIED = "would_be_tried"
    """The outcome can't be forecast: the command would be tried again."""
    UNREADABLE = "unreadable"
    """It is not a message of its queue: the worker would dead-letter it at once."""
    WOULD_FAIL = "would_fail"
    """It would fail again at present; `code` names the reason, such as `calendar_access_revoked`."""
    UNKNOWN = "unknown"
    """What the forecast depends on can't be reached at the moment."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a replay would do now, and the times that could be offered instead."""

    kind: ForecastKind
    start: datetime | None = None
    """The requested time, with the offset of the business; None if there is none."""
    alternatives: Sequence[datetime] = ()
    """Free times to offer instead, best first, with the offset of the business."""
    code: str | None = None
    """For `REFUSED` the protocol's error code, for `WOULD_FAIL` the reason."""
    appointment_state: str | None = None
    """`held`, `confirmed` or `cancelled` if there is an appointment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureList(FailurePage):
    """A page of failures without their payloads, the latest first."""

    contacts: Mapping[str, str]
    """Masked contacts by failure id, for messages that have one: owners recognize the visitor by it."""


@dataclass(frozen=True, slots=True)
class PayloadLine:
    """One field of a message, such as `contact`: `a***@e***.com`."""

    name: str
    value: str
    is_masked: bool = False
    unreadable_characters: int | None = None
    """The length of an unreadable payload, if it is masked as a whole."""


@dataclass(frozen=True, slots=True)
class FailureDetails:
    """One failure for display. `failure.payload` is empty; its content stands in `lines`."""

    failure: Failure
    lines: Sequence[PayloadLine]
    """The payload's `data`; personal data is masked unless it was requested."""
    forecast: Forecast
    is_editable: bool
    """Whether `Desk.edit` accepts new data for it."""
    editable: Collection[str] = ()
    """The names of the fields that may be changed."""
    data: Mapping[str, Any] | None = None
    """The payload's unmasked `data` for editing; only if it is editable and personal data was requested."""
    blocked: "NotPossible | None" = None
    """Why it can't be replayed now without `again=True`; None if it can."""
    is_lost: bool = False
    """Whether it was replayed and no outcome came in time."""


class NotPossibleReason(StrEnum):
    """Why the desk did not carry out an action."""

    UNKNOWN = "unknown"
    """There is no such failure, or the operator may not see it: both look the same."""
    REPLAYING = "replaying"
    """A replay is running; after `again_at` it counts as lost and may be repeated."""
    ENDED = "ended"
    """It needs no action any more, and is replayed only with `again=True`."""
    ERASED = "erased"
    """It was erased because its visitor asked to be forgotten."""
    UNREADABLE = "unreadable"
    """It is not a message that the worker of its queue can decode."""
    PAYLOAD_UNREADABLE = "payload_unreadable"
    """None of the desk's keys decrypts the payload: a newer key, or one that was removed, is needed."""
    NOT_EDITABLE = "not_editable"
    """Its data follows from its id, or can't be decoded."""
    CHANGED_MEANWHILE = "changed_meanwhile"
    """Somebody else changed it at the same time: read it again."""
    NOT_SENT = "not_sent"
    """The ledger or the queue could not be reached, or rejected it; `detail` says more."""
    AFTER_ANOTHER = "after_another"
    """An earlier message of the same conversation could not be sent, and the order is kept."""
    NO_REASON = "no_reason"
    """Discarding a failure requires a reason, and none was given."""


@dataclass(frozen=True, slots=True)
class NotPossible:
    """The desk did not carry out an action, and changed nothing."""

    why: NotPossibleReason
    again_at: datetime | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Replayed:
    """The message is on its queue again; its outcome will be recorded in the ledger."""

    failure_id: str
    replay: int
    """The number of the replay, from 1."""


@dataclass(frozen=True, slots=True)
class Edited:
    """The payload was changed; it was not replayed."""

    failure: Failure
    """Without its payload."""
    fields: Sequence[str]
    """The names of the changed fields; empty if none changed."""


class FieldProblemKind(StrEnum):
    """The kinds of problems of an edited field."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    INVALID = "invalid"
    UNKNOWN_FIELD = "unknown_field"
    FIXED = "fixed"
    """The field may not be changed."""
    NO_EMAIL = "no_email"
    NO_CONTACT = "no_contact"
    """Neither an e-mail address nor a mobile number of a supported country."""
    EMAIL_OFF = "email_off"
    SMS_OFF = "sms_off"
    IS_EMAIL = "is_email"
    """The contact is an e-mail address, but the given kind is another."""
    IS_PHONE = "is_phone"


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with a field, without its value."""

    kind: FieldProblemKind
    text: str
    """The same in English, for the command line."""
    limit: int | None = None
    """The maximum number of characters, for `TOO_LONG`."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """The new data is not valid for this message; nothing was written."""

    problems: Mapping[str, FieldProblem]
    """What is wrong by field name (`""` for the whole data), without the values."""


@dataclass(frozen=True, slots=True)
class Discarded:
    """The failure needs no action any more; it stays in the ledger until its retention ends."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class ErasureCounts:
    """How much of a conversation was erased; on a dry run, how much would be."""

    by_queue: Mapping[str, int]
    by_state: Mapping[str, int]
    """The states before the erasure."""
    not_erased: int = 0
    """How many failures were not erased, because somebody else changed them at the same time."""
    usage_records: int = 0
    """How many usage records stay without the conversation."""

    @property
    def total(self) -> int:
        """Return how many failures were erased."""
        return sum(self.by_queue.values())


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of the outcomes of a bulk action."""

    replayed: int = 0
    not_possible: Mapping[NotPossibleReason, int] = field(default_factory=Counter)
    forecasts: Mapping[ForecastKind, int] = field(default_factory=Counter)
    """Only on a dry run, which replays nothing."""

    @property
    def total(self) -> int:
        """Return the number of outcomes."""
        return self.replayed + sum(self.not_possible.values()) + sum(self.forecasts.values())

    def add_outcome(self, outcome: "Replayed | NotPossible | Forecast") -> "Tally":
        """Return the tally with one more outcome."""
        match outcome:
            case Replayed():
                return replace(self, replayed=self.replayed + 1)
            case NotPossible(why=why):
                return replace(self, not_possible=Counter(self.not_possible) + Counter([why]))
            case Forecast(kind=kind):
                return replace(self, forecasts=Counter(self.forecasts) + Counter([kind]))


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a bulk replay."""

    total: int
    failure_id: str
    outcome: "Replayed | NotPossible | Forecast"
    """A forecast on a dry run."""
    tally: Tally
    """The outcomes up to this one."""

    @property
    def done(self) -> int:
        """Return how many failures are done, whatever their outcome."""
        return self.tally.total


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts of failures."""

    total: int
    by_state: Mapping[str, int]
    by_queue: Mapping[str, int]
    by_reason: Mapping[str, int]
    by_hour: Mapping[datetime, int]
    """By the hour (UTC) of the last failure, without gaps between the first and the last hour."""
    by_reason_and_hour: Mapping[str, Mapping[datetime, int]]
    is_complete: bool = True
    """False if only the latest failures were counted, because there are too many."""
