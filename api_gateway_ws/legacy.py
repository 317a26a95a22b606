"""The predecessor's plain-text protocol, turned into frames.

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


def is_legacy(text: str) -> bool:
    """Whether a text frame is the predecessor's: anything that does not look like a JSON object."""
    return not text.lstrip().startswith("{")


def legacy_frame(text: str, client_id: str) -> dict[str, Any]:
    """Return the frame that the text stands for, not validated yet, under the given fresh id."""
    match = _COMMAND.fullmatch(_remove_invisible_characters(text))
    if match is None:
        return _frame("chat.send", client_id, {"text": text})
    fields = [" ".join(field.split()) for field in match.group(2).split(",")]
    if match.group(1).upper() == "VERIFY_APPOINTMENT":
        return _frame("booking.verify", client_id, _parse_verification(fields))
    return _frame("booking.create", client_id, _parse_booking(fields))


def _parse_booking(fields: list[str]) -> dict[str, str]:
    """Return what to book: the first field is the time and the last the service, so that a contact may have commas."""
    fields = _drop_blank_fields(_join_split_time(fields), _BOOKING_FIELDS)
    return {
        "start": fields[0],
        "contact": ",".join(fields[1:-1]),
        "service": fields[-1] if len(fields) > 1 else "",
    }


def _parse_verification(fields: list[str]) -> dict[str, str]:
    """Return whose code it is, and the code as it was typed."""
    appointment_id, *code = _drop_blank_fields(fields, 2)
    return {"appointment_id": appointment_id.lower(), "code": ",".join(code)}


def _join_split_time(fields: list[str]) -> list[str]:
    """Return the fields with a time put together that has a comma of its own.

    Programs that write dates for people put one between day and hour, and some one before the milliseconds.
    """
    if len(fields) > 1 and _DATE.fullmatch(fields[0]) and _TIME.match(fields[1]):
        fields = [f"{fields[0]} {fields[1]}", *fields[2:]]
    if len(fields) > 1 and _WITH_SECONDS.fullmatch(fields[0]) and _ZEROS.fullmatch(fields[1]):
        fields = [f"{fields[0]}.{fields[1]}", *fields[2:]]
    return fields


def _drop_blank_fields(fields: list[str], count: int) -> list[str]:
    """Return the fields without the empty ones that a comma too many makes; what is missing stays missing."""
    fields = list(fields)
    while len(fields) > count and "" in fields:
        fields.remove("")
    return fields


def _remove_invisible_characters(text: str) -> str:
    """Return the text without the invisible marks that copying an address or a number from elsewhere brings along."""
    if text.isascii():
        return text
    return "".join(character for character in text if unicodedata.category(character) != "Cf")


def _frame(kind: str, client_id: str, data: dict[str, str]) -> dict[str, Any]:
    return {"v": 1, "type": kind, "id": client_id, "data": data}
