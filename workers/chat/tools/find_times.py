"""Finds free times, so that the assistant can name them."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from shared.messages.answers import FreeStart, TimesAnswer
from shared.messages.commands import MAX_QUERIED_DAYS, TimesQuery
from shared.messages.server import OfferBooking
from shared.tenants.profile import TenantProfile
from workers.chat.domain.tool import FreeTime, Tool, ToolContext, ToolResult
from workers.chat.domain.typed_dates import parse_date
from workers.chat.ports import BookingQueries

NAME = "find_times"


def build(profile: TenantProfile, *, booking: BookingQueries) -> Tool:
    """Return the tool of a business."""

    async def find_times(content: Mapping[str, Any], context: ToolContext) -> ToolResult:
        query = check_input(content, context)
        answer = await booking.ask(query, context)
        if not isinstance(answer, TimesAnswer):
            return _describe_unknown(query, context)
        return _describe_times(query, answer, context)

    return Tool(
        NAME,
        "Find the times that are free, when a visitor asks what is free or whether a time is. Returns days with times "
        "on the clock of the business; a day that is missing has none. Name only times that it returned, and at most "
        "five of them.",
        _build_schema(profile),
        find_times,
    )


def _build_schema(profile: TenantProfile) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "service": {
                "type": "string",
                "enum": [service.id for service in profile.services],
                "description": "The service that the visitor wants, if they named one.",
            },
            "date": {"type": "string", "description": "The first day, as YYYY-MM-DD; without one, today."},
            "days": {
                "type": "integer",
                "minimum": 1,
                "maximum": MAX_QUERIED_DAYS,
                "description": "How many days; without it, one if a date is given, or else a week.",
            },
        },
    }


def check_input(content: Mapping[str, Any], context: ToolContext) -> TimesQuery:
    """Return the query of a tool call: what is invalid counts as missing, and days are those that can be booked."""
    profile, today = context.profile, context.now.astimezone(context.profile.zone).date()
    service, first, days = content.get("service"), parse_date(content.get("date")), content.get("days")
    known = profile.find_service(service) if isinstance(service, str) else None
    is_bookable = first is not None and today <= first <= today + timedelta(days=profile.horizon_days)
    is_count = isinstance(days, int) and not isinstance(days, bool) and days > 0
    return TimesQuery(
        service=known.id if known else None,
        from_day=first if first and is_bookable else today,
        days=min(days, MAX_QUERIED_DAYS) if is_count and isinstance(days, int) else 1 if is_bookable else 7,
    )


def _describe_times(query: TimesQuery, answer: TimesAnswer, context: ToolContext) -> ToolResult:
    services = {service.id for service in context.profile.services}
    zone = context.profile.zone
    # The answer is from a queue: what is not of this business, or is over, is no time to offer.
    times = [time for time in answer.times if time.service in services and time.start > context.now]
    return ToolResult(
        {
            "first_day": f"{query.from_day}",
            "last_day": f"{query.from_day + timedelta(days=query.days - 1)}",
            "free": [
                {"service": service, **_describe_day(day, list(group), context)}
                for (service, day), group in groupby(
                    sorted(times, key=lambda time: (time.service, time.start)),
                    key=lambda time: (time.service, time.start.astimezone(zone).date()),
                )
            ],
            "has_more": answer.has_more,
        },
        free_times=frozenset(FreeTime(time.service, time.start) for time in times),
    )


def _describe_day(day: date, times: Sequence[FreeStart], context: ToolContext) -> dict[str, Any]:
    local = [time.start.astimezone(context.profile.zone) for time in times]
    return {"date": f"{day}", "weekday": f"{day:%A}", "times": [f"{start:%H:%M}" for start in local]}


def _describe_unknown(query: TimesQuery, context: ToolContext) -> ToolResult:
    """Return that the times are not known now; the form, which asks for itself, opens with the answer."""
    today = context.now.astimezone(context.profile.zone).date()
    day = f"{query.from_day}" if query.from_day != today else None
    return ToolResult(
        {"error": "not_known_now", "form": "opens below with the times that are free"},
        OfferBooking(service=query.service, date=day),
        is_error=True,
    )
