"""Which contacts a code can reach, and what a visitor hears who asks for too much."""

from datetime import datetime
from typing import Literal

from shared.errors import TransientError
from shared.messages.errors import ErrorCode
from shared.tenants.profile import TenantProfile
from workers.booking.domain.contact import Channels
from workers.booking.domain.quotas import Bound
from workers.booking.domain.values import Refusal
from workers.booking.handler.dependencies import BookingPorts
from workers.booking.ports import QuotaFull


def channels_of(ports: BookingPorts, profile: TenantProfile) -> Channels:
    """Return the channels that are on, for the installation and for the business."""
    return Channels(
        email=ports.email_enabled and bool(profile.senders.email),
        sms=ports.sms_enabled,
        sms_countries=ports.sms_countries,
    )


def contact_kinds(channels: Channels) -> tuple[Literal["email", "phone"], ...]:
    """Return what a visitor may give as a contact."""
    kinds: list[Literal["email", "phone"]] = []
    if channels.email:
        kinds.append("email")
    if channels.sms:
        kinds.append("phone")
    return tuple(kinds)


def refuse_full_quota(full: QuotaFull, at: datetime) -> Refusal | None:
    """Return `RATE_LIMITED` with the time until a seat is free; None for a full day, which is a taken time.

    Raises:
        TransientError: the session's hold appeared since we looked: look again.
    """
    if full.bound is Bound.DAY:
        return None
    if full.bound is Bound.SESSION:
        raise TransientError("the session's hold changed meanwhile")
    return Refusal(
        ErrorCode.RATE_LIMITED,
        retry_after=full.frees_at - at if full.frees_at else None,
        about="codes" if full.bound is Bound.SENDS else "holds",
    )
