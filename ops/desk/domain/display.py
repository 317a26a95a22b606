"""Prepares a failure for display: the fields of its message, its masked contact, and the failure without payload."""

from dataclasses import replace

from ops.desk.domain.masking import build_payload_lines, build_unreadable_line
from ops.desk.domain.payload import extract_message_data, parse_message
from ops.desk.domain.values import PayloadLine
from shared.ledger.failures import Failure, FailureState
from shared.masking import mask_unchecked_contact


def list_payload_lines(failure: Failure, *, unmasked: bool) -> list[PayloadLine]:
    """Return the fields of the message; one line for an unreadable payload, and none for an erased failure."""
    if message := parse_message(failure):
        return build_payload_lines(extract_message_data(message), unmasked=unmasked)
    return [] if failure.state is FailureState.ERASED else [build_unreadable_line(failure.payload, unmasked=unmasked)]


def find_masked_contact(failure: Failure) -> str:
    """Return the masked contact of the message, or an empty text if it has none."""
    message = parse_message(failure)
    contact = extract_message_data(message).get("contact") if message else None
    return mask_unchecked_contact(contact) if isinstance(contact, str) and contact else ""


def remove_payload(failure: Failure) -> Failure:
    """Return the failure with an empty payload."""
    return replace(failure, payload="")
