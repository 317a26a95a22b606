"""Opens the booking form for the visitor, with what the model knows filled in."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.messages.server import OfferBooking
from shared.tenants.profile import TenantProfile
from workers.chat.domain.tool import Tool, ToolContext, ToolResult
from workers.chat.domain.typed_dates import parse_date

NAME = "offer_booking"


def build(profile: TenantProfile) -> Tool:
    """Return the tool of a business. It needs no result, so that an offer is one call of the model."""
    return Tool(
        NAME,
        "Open the booking form for the visitor.",
        _build_schema(profile),
        _offer_booking,
        guidance=(
            f"When a visitor wants to book a visit, write one short sentence and use the tool {NAME}: it opens a form "
            "with the times that are actually free."
        ),
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
            "date": {
                "type": "string",
                "description": "The day that the visitor wants, as YYYY-MM-DD, if they named one.",
            },
            "start": {
                "type": "string",
                "description": "The time that they want, as YYYY-MM-DDTHH:MM, if a tool has just returned it as free.",
            },
        },
    }


async def _offer_booking(content: Mapping[str, Any], context: ToolContext) -> ToolResult:
    offer = keep_bookable_date(check_offer(content, context.profile), context.profile, context.now)
    return ToolResult(action=add_free_start(offer, content.get("start"), context))


def check_offer(content: Mapping[str, Any], profile: TenantProfile) -> OfferBooking:
    """Return the offer of a tool call, without a service or date that is not valid."""
    service, day = content.get("service"), parse_date(content.get("date"))
    known = profile.find_service(service) if isinstance(service, str) else None
    return OfferBooking(service=known.id if known else None, date=f"{day}" if day else None)


def keep_bookable_date(offer: OfferBooking, profile: TenantProfile, now: datetime) -> OfferBooking:
    """Return the offer without a date that is over, or after the horizon, where the business is."""
    day, today = parse_date(offer.date), now.astimezone(profile.zone).date()
    if day is None or today <= day <= today + timedelta(days=profile.horizon_days):
        return offer
    return offer.model_copy(update={"date": None})


def add_free_start(offer: OfferBooking, start: object, context: ToolContext) -> OfferBooking:
    """Return the offer with a time, if a tool has returned it for this message: never one of the model alone."""
    services = {offer.service} if offer.service else {service.id for service in context.profile.services}
    found = [
        time
        for time in context.free_times
        if time.service in services and f"{time.start.astimezone(context.profile.zone):%Y-%m-%dT%H:%M}" == start
    ]
    if len(found) != 1:
        return offer
    local = found[0].start.astimezone(context.profile.zone)
    return offer.model_copy(update={"service": found[0].service, "date": f"{local:%Y-%m-%d}", "start": local})
