"""Finds the visits that a visitor has booked in this conversation."""

from collections.abc import Mapping
from typing import Any

from shared.messages.answers import VisitsAnswer, VisitState
from shared.messages.commands import VisitsQuery
from shared.tenants.profile import TenantProfile
from workers.chat.domain.tool import Tool, ToolContext, ToolResult
from workers.chat.ports import BookingQueries

NAME = "find_visits"


def build(profile: TenantProfile, *, booking: BookingQueries) -> Tool:
    """Return the tool of a business."""
    del profile

    async def find_visits(content: Mapping[str, Any], context: ToolContext) -> ToolResult:
        del content
        answer = await booking.ask(VisitsQuery(), context)
        if not isinstance(answer, VisitsAnswer):
            return ToolResult({"error": "not_known_now"}, is_error=True)
        return ToolResult({"visits": [_describe_visit(visit, context.profile) for visit in answer.visits]})

    return Tool(
        NAME,
        "Find the visits that this visitor has booked or holds in this conversation, as they are now. Visits that were "
        "booked elsewhere are not known.",
        {"type": "object", "properties": {}},
        find_visits,
    )


def _describe_visit(visit: VisitState, profile: TenantProfile) -> dict[str, Any]:
    start = visit.start.astimezone(profile.zone)
    until = visit.change_until.astimezone(profile.zone) if visit.change_until else None
    return {
        "service": visit.service,
        "state": visit.state,
        "date": f"{start:%Y-%m-%d}",
        "weekday": f"{start:%A}",
        "time": f"{start:%H:%M}",
        **({"can_be_changed_until": f"{until:%Y-%m-%d %H:%M}"} if until else {}),
    }
