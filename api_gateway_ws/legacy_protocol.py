"""Converts the predecessor's plain-text protocol to frames.

`BOOK_APPOINTMENT:datetime,contact,type` and `VERIFY_APPOINTMENT:id,code`; any other text is a chat message.
"""

import re
import unicodedata
from typing import Any

_COMMAND = re.compile(r"\s*(BOOK_APPOINTMENT|VERIFY_APPOINTMENT)\s*:(.*)", re.IGNORECASE | re.DOTALL)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d{1,2}:\d\d")
_WITH_SECONDS = re.compile(r".*\d:\d\d:\d\d")
_ZEROS = re.compile(r"0{1,6}(Z|[-+−]\d\d:?\d\d)?", re.IGNORECASE)
_BOOKING_FIELDS = 3


def is_legacy_frame(text: str) -> bool:
    """Return whether a text frame uses the predecessor's protocol: any text that does not start like a JSON object."""
    return not text.lstrip().startswith("{")


def parse_legacy_frame(text: str, client_id: str) -> dict[str, Any]:
    """Convert the text to a frame with the given id; the frame is not validated yet."""
    match = _COMMAND.fullmatch(_remove_invisible_characters(text))
    if match is None:
        return _build_frame("chat.send", client_id, {"text": text})
    fields = [" ".join(field.split()) for field in match.group(2).split(",")]
    if match.group(1).upper() == "VERIFY_APPOINTMENT":
        return _build_frame("booking.verify", client_id, _parse_verification(fields))
    return _build_frame("booking.create", client_id, _parse_booking(fields))


def _parse_booking(fields: list[str]) -> dict[str, str]:
    """Parse a booking: the first field is the time and the last the service, so that a contact may contain commas."""
    fields = _drop_blank_fields(_join_split_time(fields), _BOOKING_FIELDS)
    return {
        "start": fields[0],
        "contact": ",".join(fields[1:-1]),
        "service": fields[-1] if len(fields) > 1 else "",
    }


def _parse_verification(fields: list[str]) -> dict[str, str]:
    """Parse a verification into the appointment id and the code as it was typed."""
    appointment_id, *code = _drop_blank_fields(fields, 2)
    return {"appointment_id": appointment_id.lower(), "code": ",".join(code)}


def _join_split_time(fields: list[str]) -> list[str]:
    """Join a time that contains a comma.

    Date formatters put one between date and time of day, and some put one before the milliseconds.
    """
    if len(fields) > 1 and _DATE.fullmatch(fields[0]) and _TIME.match(fields[1]):
        fields = [f"{fields[0]} {fields[1]}", *fields[2:]]
    if len(fields) > 1 and _WITH_SECONDS.fullmatch(fields[0]) and _ZEROS.fullmatch(fields[1]):
        fields = [f"{fields[0]}.{fields[1]}", *fields[2:]]
    return fields


def _drop_blank_fields(fields: list[str], count: int) -> list[str]:
    """Remove the empty fields that surplus commas make; missing fields stay missing."""
    fields = list(fields)
    while len(fields) > count and "" in fields:
        fields.remove("")
    return fields


def _remove_invisible_characters(text: str) -> str:
    """Remove the invisible format characters that are copied along with an address or a number."""
    if text.isascii():
        return text
    return "".join(character for character in text if unicodedata.category(character) != "Cf")


def _build_frame(kind: str, client_id: str, data: dict[str, str]) -> dict[str, Any]:
    return {"v": 1, "type": kind, "id": client_id, "data": data}
