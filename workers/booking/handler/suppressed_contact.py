"""Refuses a contact that no code would reach."""

from shared.messages.errors import ErrorCode
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.values import Contact, Refusal


async def refuse_suppressed_contact(ports: BookingPorts, contact: Contact) -> Refusal | None:
    """Return the refusal of an address that gets no e-mail, because it bounced or its owner complained.

    The notifications worker checks again before it sends: feedback may arrive between the two.

    Raises:
        TransientError: the suppressed addresses can't be read.
    """
    if contact.kind != "email" or await ports.suppressions.find(contact.address, at=ports.clock.now()) is None:
        return None
    return Refusal(ErrorCode.INVALID_CONTACT, about="suppressed")
