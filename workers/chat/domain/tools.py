"""The tools that the model may call, and the checks of what it passes to them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from shared.messages.server import OfferBooking
from shared.tenants.profile import TenantProfile

OFFER_BOOKING = "offer_booking"


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call; its input is untrusted until it is checked."""

    name: str
    description: str
    input_schema: dict[str, Any]
    """JSON Schema."""


def build_tools(profile: TenantProfile) -> tuple[Tool, ...]:
    """Return the tools of a business's assistant."""
    return (Tool(OFFER_BOOKING, "Open the booking form for the visitor.", _build_offer_schema(profile)),)


def _build_offer_schema(profile: TenantProfile) -> dict[str, Any]:
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
        },
    }


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def check_offer(content: Mapping[str, Any], profile: TenantProfile) -> OfferBooking:
    """Return the offer of a tool call, without a service or date that is not valid."""
    service, day = content.get("service"), _parse_date(content.get("date"))
    known = profile.find_service(service) if isinstance(service, str) else None
    return OfferBooking(service=known.id if known else None, date=f"{day}" if day else None)


def keep_bookable_date(offer: OfferBooking, profile: TenantProfile, now: datetime) -> OfferBooking:
    """Return the offer without a date that is over, or after the horizon, where the business is."""
    day, today = _parse_date(offer.date), now.astimezone(profile.zone).date()
    if day is None or today <= day <= today + timedelta(days=profile.horizon_days):
        return offer
    return offer.model_copy(update={"date": None})


def _parse_date(value: object) -> date | None:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
