"""The predecessor's plain-text protocol, turned into frames.

`BOOK_APPOINTMENT:datetime,contact,type` and `VERIFY_APPOINTMENT:id,code`; any other text is a chat message.
"""

import re
from typing import Any

_COMMAND = re.compile(r"^\s*(BOOK_APPOINTMENT|VERIFY_APPOINTMENT)\s*:(.*)$", re.IGNORECASE | re.DOTALL)
_DATETIME_ENDS = re.compile(r"\s*,\s*")


def is_legacy(text: str) -> bool:
    """Whether a text frame is the predecessor's: anything that does not look like a JSON object."""
    return not text.lstrip().startswith("{")


def legacy_frame(text: str, client_id: str) -> dict[str, Any]:
    """Return the frame that the text stands for, not validated yet, under the given fresh id."""
    match = _COMMAND.match(text)
    if match is None:
        return _frame("chat.send", client_id, {"text": text})
    fields = [field.strip() for field in _DATETIME_ENDS.split(match.group(2))]
    if match.group(1).upper() == "VERIFY_APPOINTMENT":
        appointment_id, _, code = match.group(2).partition(",")
        return _frame("booking.verify", client_id, {"appointment_id": appointment_id.strip().lower(), "code": code})
    # The first field is the time and the last the service, so that a contact may contain commas.
    return _frame(
        "booking.create",
        client_id,
        {
            "start": fields[0],
            "contact": ",".join(fields[1:-1]),
            "service": fields[-1] if len(fields) > 1 else "",
        },
    )


def _frame(kind: str, client_id: str, data: dict[str, str]) -> dict[str, Any]:
    return {"v": 1, "type": kind, "id": client_id, "data": data}
