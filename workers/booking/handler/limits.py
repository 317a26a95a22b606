"""Finds the channels for codes, and converts full quotas to refusals."""

from datetime import datetime
from typing import Literal

from shared.errors import TransientError
from shared.messages.errors import ErrorCode
from shared.refusal_texts import About
from shared.tenants.profile import TenantProfile
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.contact import Channels
from workers.booking.domain.quotas import Bound
from workers.booking.domain.values import Refusal
from workers.booking.ports import QuotaFull

_ABOUT: dict[Bound, About] = {
    Bound.CONTACT: "holds_contact",
    Bound.ADDRESS: "holds_address",
    Bound.SENDS_CONTACT: "codes_contact",
    Bound.SENDS_SESSION: "codes_session",
    Bound.SENDS_ADDRESS: "codes_address",
}
"""The sentences that say which limit was reached, and what helps."""


def find_channels(ports: BookingPorts, profile: TenantProfile) -> Channels:
    """Return the channels that are enabled for both the installation and the business."""
    return Channels(
        email=ports.email_enabled and bool(profile.senders.email),
        sms=ports.sms_enabled,
        sms_countries=ports.sms_countries,
    )


def list_contact_kinds(channels: Channels) -> tuple[Literal["email", "phone"], ...]:
    """Return the kinds of contact that a visitor may give."""
    kinds: list[Literal["email", "phone"]] = []
    if channels.email:
        kinds.append("email")
    if channels.sms:
        kinds.append("phone")
    return tuple(kinds)


def refuse_full_quota(full: QuotaFull, at: datetime) -> Refusal | None:
    """Return `RATE_LIMITED` with the time until a unit is free; None for a full day, which counts as an occupied time.

    Raises:
        TransientError: the session's hold has changed since it was read; a retry reads it again.
    """
    if full.bound is Bound.DAY:
        return None
    if full.bound is Bound.SESSION:
        raise TransientError("the session's hold changed meanwhile")
    return Refusal(
        ErrorCode.RATE_LIMITED,
        retry_after=full.frees_at - at if full.frees_at else None,
        about=_ABOUT[full.bound],
    )
