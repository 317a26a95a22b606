"""Finds the appointment that a command is about: one of the conversation's own, or the one that a link names."""

from shared.links import PURPOSES, LinkPurpose
from shared.messages.commands import BookingCancel, BookingLookup, BookingReschedule
from workers.booking.domain.values import Appointment
from workers.booking.handler.dependencies import BookingPorts

_LINKS: dict[type, tuple[LinkPurpose, ...]] = {
    BookingLookup: PURPOSES,
    BookingCancel: ("cancel",),
    BookingReschedule: ("move",),
}
"""What a link must be for, by the command that it comes with."""


async def find_appointment(
    ports: BookingPorts, command: BookingLookup | BookingCancel | BookingReschedule
) -> Appointment | None:
    """Return the appointment; None for one that is unknown, another session's, or behind a link that is no good.

    A link is a proof by itself: whoever reads the letters to a contact may act for it, from any session.
    """
    if command.data.link is None:
        return await ports.appointments.get(command.data.appointment_id or "", command.session_id)
    link = ports.links.read(
        command.data.link, tenant=command.tenant, now=command.accepted_at, purposes=_LINKS[type(command)]
    )
    return await ports.appointments.get(link.appointment_id, link.session_id) if link else None
