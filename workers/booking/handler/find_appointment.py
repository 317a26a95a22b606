"""Finds the appointment that a command is about: one of the same session, or the one that a link names."""

from shared.email_links import PURPOSES, LinkPurpose
from shared.messages.client import BookingCancelData, BookingLookupData, BookingRescheduleData
from shared.messages.commands import Envelope
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.values import Appointment

_LINKS: dict[type, tuple[LinkPurpose, ...]] = {
    BookingLookupData: PURPOSES,
    BookingCancelData: ("cancel",),
    BookingRescheduleData: ("move",),
}
"""The purposes that a link may have, by command."""


async def find_appointment(
    ports: BookingPorts, command: Envelope, reference: BookingLookupData | BookingCancelData | BookingRescheduleData
) -> Appointment | None:
    """Return the appointment; None if it is unknown, belongs to another session, or the link is invalid.

    A link authorizes by itself: whoever can read a contact's e-mails may act for it, from any session. Until when it
    may change the visit is decided by the visit, like a change from its own session.
    """
    if reference.link is None:
        return await ports.appointments.get(reference.appointment_id or "", command.session_id)
    link = ports.links.verify(reference.link, tenant=command.tenant, purposes=_LINKS[type(reference)])
    return await ports.appointments.get(link.appointment_id, link.session_id) if link else None
