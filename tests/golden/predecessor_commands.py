"""Reads the golden file of the predecessor's commands, and fills in the values of a test run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import yaml

Given = Literal["nothing", "hold", "confirmed", "foreign hold"]

_FILE = Path(__file__).with_suffix(".yaml")
_LONG, _HUGE = "x" * 300, "x" * 25_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One command as it is sent, and its expected result."""

    text: str
    given: Given = "nothing"
    becomes: str | None = None
    data: Mapping[str, str] = field(default_factory=dict)
    ends: str | None = None
    refused: str | None = None

    def __post_init__(self) -> None:
        accepted = [self.becomes, self.data, self.ends]
        if any(accepted) if self.refused else not all(accepted):
            raise ValueError(f"either `becomes`, `data` and `ends`, or `refused` is required: {self.text!r}")

    def filled(self, values: Mapping[str, str]) -> "Entry":
        """Return the entry with its names in braces replaced."""
        data = {name: value.format_map(values) for name, value in self.data.items()}
        return Entry(self.text.format_map(values), self.given, self.becomes, data, self.ends, self.refused)


def entries() -> list[Entry]:
    """Return every entry of the file."""
    return [Entry(**entry) for entry in yaml.load(_FILE.read_text(encoding="utf-8"), yaml.CSafeLoader)]


def booking_values(start: datetime, contact: str, phone: str) -> dict[str, str]:
    """Return the values for a booking command; `start` carries the business's offset, `phone` has nine digits."""
    utc = start.astimezone(UTC)
    return {
        "date": f"{start:%Y-%m-%d}",
        "time": f"{start:%H:%M}",
        "hour": str(start.hour),
        "offset": start.isoformat()[-6:],
        "utc_date": f"{utc:%Y-%m-%d}",
        "utc_time": f"{utc:%H:%M}",
        "contact": contact,
        **dict(zip(("phone_a", "phone_b", "phone_c"), (phone[:3], phone[3:6], phone[6:]), strict=True)),
        "long": _LONG,
        "huge": _HUGE,
    }


def code_values(appointment_id: str, code: str) -> dict[str, str]:
    """Return the values for a verification command."""
    return {
        "id": appointment_id,
        "ID": appointment_id.upper(),
        "code": code,
        "code_head": code[:3],
        "code_tail": code[3:],
        "wrong_code": f"{(int(code) + 1) % 1_000_000:06}",
        "long": _LONG,
    }
