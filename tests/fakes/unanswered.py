"""Unanswered questions in memory."""

import asyncio
from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime

from shared.unanswered import MAX_GROUPS, AskedQuestion, MonthOfQuestions, QuestionGroup


class FakeUnansweredQuestions:
    """An `UnansweredQuestions` that keeps the groups of each month."""

    def __init__(self, *, max_groups: int = MAX_GROUPS) -> None:
        self.groups: defaultdict[tuple[str, str], dict[str, QuestionGroup]] = defaultdict(dict)
        self.others: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.errors: list[Exception] = []
        """Each is raised by one of the next calls."""
        self._max_groups = max_groups

    async def count_question(self, tenant: str, day: date, question: AskedQuestion, *, now: datetime) -> None:
        """Count a question in its group."""
        await asyncio.sleep(0)
        if self.errors:
            raise self.errors.pop(0)
        key = tenant, f"{day:%Y-%m}"
        groups = self.groups[key]
        if known := groups.get(question.group):
            groups[question.group] = replace(known, times=known.times + 1, last_at=now)
        elif len(groups) < self._max_groups:
            groups[question.group] = QuestionGroup(question.example, question.language, 1, now, now)
        else:
            self.others[key] += 1

    async def list_questions(self, tenant: str, month: date) -> MonthOfQuestions:
        """Return the groups of a month, the most frequent first, and of these the latest."""
        await asyncio.sleep(0)
        key = tenant, f"{month:%Y-%m}"
        groups = sorted(self.groups[key].values(), key=lambda one: (-one.times, -one.last_at.timestamp(), one.example))
        return MonthOfQuestions(groups, others=self.others[key])
