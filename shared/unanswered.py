"""Questions that a business's documents do not answer, counted in groups by month: the values and the port.

A group has the questions with the same words, whatever their order and endings. It keeps one of them as an example,
without personal data and without anything that leads to a conversation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

MAX_GROUPS = 200
"""Of a business in a month; what comes then is only counted."""

MAX_EXAMPLE_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """One question without an answer."""

    group: str
    """A hash of its words."""
    example: str
    """The masked text, at most `MAX_EXAMPLE_CHARACTERS`."""
    language: str


@dataclass(frozen=True, slots=True)
class QuestionGroup:
    """Questions with the same words."""

    example: str
    language: str
    times: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class MonthOfQuestions:
    """The groups of a month, the most frequent first."""

    groups: Sequence[QuestionGroup] = ()
    others: int = 0
    """Questions that came when the month had `MAX_GROUPS`."""


class UnansweredQuestions(Protocol):
    """Counts questions, and lists them."""

    async def count_question(self, tenant: str, day: date, question: AskedQuestion, *, now: datetime) -> None:
        """Count a question in its group of the day's month, or among the others if there are too many groups."""
        ...

    async def list_questions(self, tenant: str, month: date) -> MonthOfQuestions:
        """Return the groups of the month of a day."""
        ...
