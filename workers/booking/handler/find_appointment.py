"""Finds the appointment that a command is about: one of the same session, or the one that a link names."""

from shared.email_links import PURPOSES, LinkPurpose
from shared.messages.commands import BookingCancel, BookingLookup, BookingReschedule
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.values import Appointment

_LINKS: dict[type, tuple[LinkPurpose, ...]] = {
    BookingLookup: PURPOSES,
    BookingCancel: ("cancel",),
    BookingReschedule: ("move",),
}
"""The purposes that a link may have, by command."""


async def find_appointment(
    ports: BookingPorts, command: BookingLookup | BookingCancel | BookingReschedule
) -> Appointment | None:
    """Return the appointment; None if it is unknown, belongs to another session, or the link is invalid.

    A link authorizes by itself: whoever can read a contact's e-mails may act for it, from any session. Until when it
    may change the visit is decided by the visit, like a change from its own session.
    """
    if command.data.link is None:
        return await ports.appointments.get(command.data.appointment_id or "", command.session_id)
    link = ports.links.verify(command.data.link, tenant=command.tenant, purposes=_LINKS[type(command)])
    return await ports.appointments.get(link.appointment_id, link.session_id) if link else None
