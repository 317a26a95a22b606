"""A booking worker for golden cases: each full hour of the opening hours is free, and no visit is booked."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from shared.messages.answers import MAX_ANSWERED_TIMES, FreeStart, QueryAnswer, TimesAnswer, VisitsAnswer
from shared.messages.commands import TimesQuery, VisitsQuery
from workers.chat.domain.tool import ToolContext


class OpenHours:
    """A `BookingQueries` that answers at once."""

    async def ask(self, query: TimesQuery | VisitsQuery, context: ToolContext) -> QueryAnswer | None:
        """Return the answer."""
        if isinstance(query, VisitsQuery):
            return VisitsAnswer(visits=())
        starts = list(_list_starts(query, context))
        return TimesAnswer(times=tuple(starts[:MAX_ANSWERED_TIMES]), has_more=len(starts) > MAX_ANSWERED_TIMES)


def _list_starts(query: TimesQuery, context: ToolContext) -> Iterator[FreeStart]:
    profile = context.profile
    services = [service for service in profile.services if query.service in {None, service.id}]
    for number in range(query.days):
        day = query.from_day + timedelta(days=number)
        periods = next(iter(profile.list_day_rules(day))).hours
        for service in services:
            for period in periods:
                first, last = -(-period.opens // 60), (period.closes - service.duration_minutes) // 60
                for hour in range(first, last + 1):
                    start = datetime.combine(day, time(hour), tzinfo=profile.zone)
                    if start > context.now:
                        yield FreeStart(service=service.id, start=start)
