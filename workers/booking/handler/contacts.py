"""Finds the contacts that a code reaches: by the channels of the business, and not suppressed."""

from typing import Literal

from shared.messages.errors import ErrorCode
from shared.tenants.profile import TenantProfile
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.contact import Channels
from workers.booking.domain.values import Contact, Refusal


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


async def refuse_suppressed_contact(ports: BookingPorts, contact: Contact) -> Refusal | None:
    """Return the refusal of an address that gets no e-mail, because it bounced or its owner complained.

    The notifications worker checks again before it sends: feedback may arrive between the two.

    Raises:
        TransientError: the suppressed addresses can't be read.
    """
    if contact.kind != "email" or await ports.suppressions.find(contact.address, at=ports.clock.now()) is None:
        return None
    return Refusal(ErrorCode.INVALID_CONTACT, about="suppressed")
