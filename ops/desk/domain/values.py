"""What the desk speaks of: people, failures made readable, forecasts, and how an action ended."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.ledger.failures import Failure, FailurePage


@dataclass(frozen=True, slots=True)
class Operator:
    """Who sits at the desk."""

    name: str
    """As they signed in; it stands in the story of everything they do."""
    tenants: frozenset[str] | None = None
    """The tenants whose failures they may see; None is all, and what belongs to none."""


class ForecastKind(StrEnum):
    """What a replay would come to, if it were made now."""

    FREE = "free"
    """The wished time is free: it would be booked, or moved to."""
    TAKEN = "taken"
    """Somebody else has the time: the visitor would be offered the `alternatives`."""
    PAST = "past"
    """The time has gone by: the visitor would be offered the `alternatives`."""
    TOO_OLD = "too_old"
    """The visitor asked too long ago: they would be asked to choose again."""
    ALREADY_DONE = "already_done"
    """The effect is there already: the visitor would hear so, and nothing else would happen."""
    WOULD_BE_FINISHED = "would_be_finished"
    """The visit stands already; what is missing of it, the entry in the calendar or the letter, would be made."""
    REFUSED = "refused"
    """The visitor would hear the refusal `code`."""
    WOULD_BE_DONE = "would_be_done"
    """A booking command without a time of its own: a code, a cancellation, a reminder. It would be carried out."""
    STALE = "stale"
    """A notice that comes too late to help: it would not be sent."""
    WOULD_BE_SENT = "would_be_sent"
    """A notice that would be sent."""
    WOULD_BE_TRIED = "would_be_tried"
    """Nothing is known beforehand: it would be tried again."""
    UNREADABLE = "unreadable"
    """It is none of its queue's messages: as it is, its worker would give it up at once."""
    WOULD_FAIL = "would_fail"
    """It would fail again as things are; `code` names the reason, such as `calendar_access_revoked`."""
    UNKNOWN = "unknown"
    """What would tell can't be reached at the moment."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a replay would do now, and the times that could be offered instead."""

    kind: ForecastKind
    start: datetime | None = None
    """The wished time, with the offset of the business; None where there is none."""
    alternatives: Sequence[datetime] = ()
    """Free times to take instead, best first, with the offset of the business."""
    code: str | None = None
    """Of what is refused: the protocol's error code. Of what would fail: the reason."""
    appointment_state: str | None = None
    """`held`, `confirmed` or `cancelled`, where an appointment is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(FailurePage):
    """Some failures without their payloads, the latest first."""

    contacts: Mapping[str, str]
    """The failure's id to the masked contact, of those messages that have one: by it an owner knows whose it is."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that a message says, such as `contact`: `a***@e***.com`."""

    name: str
    value: str
    is_masked: bool = False
    unreadable_characters: int | None = None
    """How long a payload is that can't be read, where it is masked as a whole."""


@dataclass(frozen=True, slots=True)
class Case:
    """One failure, laid out for a person. Its `failure.payload` is empty: what it says stands in `lines`."""

    failure: Failure
    lines: Sequence[Line]
    """The payload's `data`, personal data masked unless it was asked for."""
    forecast: Forecast
    is_editable: bool
    """Whether `Desk.edit` takes new data for it."""
    editable: Collection[str] = ()
    """The names of the fields that may be changed."""
    data: Mapping[str, Any] | None = None
    """The payload's `data` as it is, to edit it; only of what is editable, and when personal data was asked for."""
    blocked: "NotPossible | None" = None
    """Why it would not be replayed now without `again=True`; None if it would."""
    is_lost: bool = False
    """Whether it was replayed, and the outcome is not awaited any more."""


class Why(StrEnum):
    """Why the desk did not do what it was asked."""

    UNKNOWN = "unknown"
    """There is no such failure, or it is not this person's to see: both look the same."""
    REPLAYING = "replaying"
    """A replay is under way; after `again_at` it counts as lost, and may be repeated."""
    ENDED = "ended"
    """Nobody has to do anything about it any more: only asked for once more, with `again=True`."""
    ERASED = "erased"
    """Its visitor asked to be forgotten: nothing is left to be done."""
    UNREADABLE = "unreadable"
    """It is no message that a queue's worker can read."""
    PAYLOAD_UNREADABLE = "payload_unreadable"
    """None of the desk's keys opens what it says: it needs the newer one, or the one that was dropped."""
    NOT_EDITABLE = "not_editable"
    """What it says follows from its id, or can't be read."""
    CHANGED_MEANWHILE = "changed_meanwhile"
    """Somebody else did something about it at the same moment: look again."""
    NOT_SENT = "not_sent"
    """The ledger or the queue could not be reached, or refused it; `detail` says more."""
    AFTER_ANOTHER = "after_another"
    """An earlier one of the same conversation could not be sent, and order is kept."""
    NO_REASON = "no_reason"
    """A failure is discarded for a reason, and none was given."""


@dataclass(frozen=True, slots=True)
class NotPossible:
    """The desk did nothing."""

    why: Why
    again_at: datetime | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Replayed:
    """The message is on its queue again; the outcome will be in the ledger."""

    failure_id: str
    replay: int
    """The number of the replay, from 1."""


@dataclass(frozen=True, slots=True)
class Edited:
    """The payload says something else now; it was not replayed yet."""

    failure: Failure
    """Without its payload."""
    fields: Sequence[str]
    """The names of the fields that changed; empty if none did."""


class FieldProblemKind(StrEnum):
    """What can be wrong with a field that was edited."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    INVALID = "invalid"
    UNKNOWN_FIELD = "unknown_field"
    FIXED = "fixed"
    """The field may not be changed."""
    NO_EMAIL = "no_email"
    NO_CONTACT = "no_contact"
    """Neither an e-mail address nor a mobile number that is served."""
    EMAIL_OFF = "email_off"
    SMS_OFF = "sms_off"
    IS_EMAIL = "is_email"
    """The contact is an e-mail address, and the kind says something else."""
    IS_PHONE = "is_phone"


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with a field, without its value."""

    kind: FieldProblemKind
    text: str
    """The same in English, for the command line."""
    limit: int | None = None
    """How many characters are allowed, of what is too long."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """The new data is none that this message can have; nothing was written."""

    problems: Mapping[str, FieldProblem]
    """The field's name (`""` for the whole) to what is wrong with it, without its value."""


@dataclass(frozen=True, slots=True)
class Discarded:
    """Nobody will be reminded of the failure any more; it stays in the ledger for a while."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased of a conversation; on a dry run, what would be."""

    by_queue: Mapping[str, int]
    by_state: Mapping[str, int]
    """As they were before."""
    left: int = 0
    """How many are as they were, because somebody else changed them at the same moment."""

    @property
    def total(self) -> int:
        """Return how many failures it counts."""
        return sum(self.by_queue.values())


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of each of many."""

    replayed: int = 0
    not_possible: Mapping[Why, int] = field(default_factory=Counter)
    forecasts: Mapping[ForecastKind, int] = field(default_factory=Counter)
    """On a dry run only: nothing was replayed."""

    @property
    def total(self) -> int:
        """Return how many it counts."""
        return self.replayed + sum(self.not_possible.values()) + sum(self.forecasts.values())

    def plus(self, outcome: "Replayed | NotPossible | Forecast") -> "Tally":
        """Return the tally with one more in it."""
        match outcome:
            case Replayed():
                return replace(self, replayed=self.replayed + 1)
            case NotPossible(why=why):
                return replace(self, not_possible=Counter(self.not_possible) + Counter([why]))
            case Forecast(kind=kind):
                return replace(self, forecasts=Counter(self.forecasts) + Counter([kind]))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay of many has come."""

    total: int
    failure_id: str
    outcome: "Replayed | NotPossible | Forecast"
    """A forecast on a dry run."""
    tally: Tally
    """Of this one and of those before it."""

    @property
    def done(self) -> int:
        """Return how many have ended, one way or the other."""
        return self.tally.total


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts of failures."""

    total: int
    by_state: Mapping[str, int]
    by_queue: Mapping[str, int]
    by_reason: Mapping[str, int]
    by_hour: Mapping[datetime, int]
    """The hour (UTC) of the last failure, every hour between the first and the last among them."""
    by_reason_and_hour: Mapping[str, Mapping[datetime, int]]
    is_complete: bool = True
    """False when there are more failures than were counted; the latest were."""
