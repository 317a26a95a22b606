"""The values of what owners hear about answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from shared.conversations.handover import Handover
from shared.conversations.judgements import JudgedAnswer
from shared.unanswered import MonthOfQuestions


@dataclass(frozen=True, slots=True)
class JudgedReport:
    """Judged answers of a business: those that visitors rated down first, and of each kind the latest first."""

    tenant: str
    name: str
    zone: ZoneInfo
    answers: Sequence[JudgedAnswer]
    has_more: bool
    """Whether there may be more than these."""


@dataclass(frozen=True, slots=True)
class WaitingReport:
    """The visitors of a business who wait for a person, by their conversations: the longest wait first."""

    tenant: str
    name: str
    zone: ZoneInfo
    waiting: Mapping[str, Handover]
    has_more: bool
    """Whether there may be more than these."""


@dataclass(frozen=True, slots=True)
class QuestionsReport:
    """Questions of a month that neither documents nor profile answer, the most frequent first."""

    tenant: str
    name: str
    zone: ZoneInfo
    month: date
    """Its first day."""
    is_current: bool
    questions: MonthOfQuestions
