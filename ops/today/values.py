"""The values of the owner's day."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal
from zoneinfo import ZoneInfo

from shared.conversations.handover import Handover
from shared.conversations.judgements import Judgement
from shared.conversations.takeover import ConversationAuditEntry, Takeover
from shared.messages.notices import AnsweredQuestion
from shared.messages.server import ServerFrame
from workers.booking.facade import TimeExplanation, TimeProblem

OpenQuestionChoice = Literal["answer", "leave"]
"""What becomes of an open question when a conversation is handed back: the assistant answers it, or nobody does."""

Speaker = Literal["visitor", "assistant", "human"]


@dataclass(frozen=True, slots=True)
class Business:
    """A tenant with its display name and time zone."""

    tenant: str
    name: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Visit:
    """An appointment for the owner, whose customer the visitor is: nothing is masked."""

    appointment_id: str
    session_id: str
    start: datetime
    end: datetime
    state: Literal["held", "confirmed", "cancelled"]
    service: str
    name: str
    contact: str
    note: str
    answers: Sequence[AnsweredQuestion]
    """The questions of the service with the visitor's answers."""
    resource: str
    """Empty if the business has no resources."""


@dataclass(frozen=True, slots=True)
class ConversationPreview:
    """A conversation in a list: the time of its last frame, and its last message."""

    session_id: str
    last_at: datetime
    text: str
    by: Speaker | None
    """None if there is no message, for example if there are only bookings."""

    takeover: Takeover | None = None
    """The active takeover."""

    unanswered: Sequence[str] = ()
    """The visitor's messages that were left to staff and have no answer, even if the takeover has ended."""

    handover: Handover | None = None
    """The visitor's requests for a person, if the visitor waits for one."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a business, by the date in its time zone."""

    business: Business
    day: date
    visits: Sequence[Visit]
    conversations: Sequence[ConversationPreview]
    has_more: bool = False
    """Whether there are more conversations than these."""
    warnings: Sequence[str] = ()
    """What looks like a mistake in the business's profile, though it is accepted."""
    document_problems: Sequence[str] = ()
    """Which files of the business's folder the assistant does not read."""
    refused_count: int = 0
    """How many messages the model did not answer on the day (UTC) of this date; visitors were asked to repeat them."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The latest durable frames of a session, oldest first."""

    business: Business
    session_id: str
    frames: Sequence[ServerFrame]
    is_listening: bool
    """Whether the visitor has an open connection; if not, an answer is delivered on return."""

    audit_trail: Sequence[ConversationAuditEntry]
    """The audit entries of the conversation, oldest first."""

    takeover: Takeover | None
    """The active takeover."""

    services: Mapping[str, str]
    """The names of the business's services by id."""

    unanswered: Collection[int]
    """The sequence numbers of the visitor's messages that were left to staff and have no answer."""

    judgements: Mapping[int, Judgement] = field(default_factory=dict)
    """What the visitor thinks of answers, by their sequence number."""
    handover: Handover | None = None
    """The visitor's requests for a person, also if somebody has taken care of them."""


class AnswerOutcome(StrEnum):
    """The outcome of a staff answer, a takeover or a hand-back, or of clearing the mark of a visitor who waits."""

    SENT = "sent"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    UNKNOWN = "unknown"
    """There is no such conversation, or the operator may not see it: both look the same."""
    OTHER_TEXT = "other_words"
    """The same form was sent before, with another text."""
    BUSY = "busy"
    """The same form is being processed at the moment."""
    OPEN_QUESTION = "open_question"
    """A question of the visitor has no answer, and the operator has not chosen what becomes of it."""


@dataclass(frozen=True, slots=True)
class ExplainedTime:
    """Why a time is offered to visitors, or not; neither is set before a time is asked about."""

    business: Business
    services: Mapping[str, str]
    """The names of the services by their ids."""
    problem: TimeProblem | None = None
    explanation: TimeExplanation | None = None
