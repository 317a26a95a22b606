"""Prepares a failure for display: the fields of its message, its masked contact, and the failure without payload."""

from dataclasses import replace

from ops.desk.domain.masking import make_lines, make_unreadable_line
from ops.desk.domain.payload import message_data, read_message
from ops.desk.domain.values import PayloadLine
from shared.ledger.failures import Failure, FailureState
from shared.masking import mask_unchecked_contact


def payload_lines(failure: Failure, *, unmasked: bool) -> list[PayloadLine]:
    """Return the fields of the message; one line for an unreadable payload, and none for an erased failure."""
    if message := read_message(failure):
        return make_lines(message_data(message), unmasked=unmasked)
    return [] if failure.state is FailureState.ERASED else [make_unreadable_line(failure.payload, unmasked=unmasked)]


def masked_contact(failure: Failure) -> str:
    """Return the masked contact of the message, or an empty text if it has none."""
    message = read_message(failure)
    contact = message_data(message).get("contact") if message else None
    return mask_unchecked_contact(contact) if isinstance(contact, str) and contact else ""


def without_payload(failure: Failure) -> Failure:
    """Return the failure with an empty payload."""
    return replace(failure, payload="")
