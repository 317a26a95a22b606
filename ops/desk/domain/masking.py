"""Masks personal data in a message's fields; every field that is not listed as harmless is masked."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ops.desk.domain.values import PayloadLine
from shared.masking import HIDDEN, mask_personal_data, mask_unchecked_contact

_HARMLESS = frozenset(
    {
        "days",
        "service",
        "service_name",
        "appointment_id",
        "contact_kind",
        "hours_before",
        "calendar_id",
        "reason",
        "advice",
    }
)
"""Fields that the business or the backend writes. Visitors may have put anything into some of them, so addresses and
numbers within them are masked."""

_TIMES = frozenset({"start", "end", "from"})
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ][\d:.]+)?(?:Z|[+-][\d:]+)?", re.ASCII)
"""Any other text in a time field may be personal data, such as a telephone number."""

_MAX_VALUE_CHARACTERS = 4_000


def build_payload_lines(data: Mapping[str, Any], *, unmasked: bool) -> list[PayloadLine]:
    """Return every field that has a value, in order; fields of nested objects as `outer.inner`."""
    return [PayloadLine(name, *_mask_value(name, text, unmasked=unmasked)) for name, text in _flatten_fields(data)]


def build_unreadable_line(payload: str, *, unmasked: bool) -> PayloadLine:
    """Return the one line that represents an unreadable payload."""
    if unmasked:
        return PayloadLine("payload", payload[:_MAX_VALUE_CHARACTERS])
    return PayloadLine("payload", HIDDEN, is_masked=True, unreadable_characters=len(payload))


def _mask_value(name: str, text: str, *, unmasked: bool) -> tuple[str, bool]:
    if unmasked:
        return text[:_MAX_VALUE_CHARACTERS], False
    if name in _TIMES and _TIME.fullmatch(text):
        return text, False
    if name in _HARMLESS:
        masked = mask_personal_data(text) if name != "calendar_id" else text
        return masked[:_MAX_VALUE_CHARACTERS], masked != text
    return (mask_unchecked_contact(text) if name == "contact" else HIDDEN), True


def _flatten_fields(data: Mapping[str, Any], outer: str = "") -> Iterator[tuple[str, str]]:
    for name, value in data.items():
        path = f"{outer}{name}"
        if isinstance(value, Mapping):
            yield from _flatten_fields(value, f"{path}.")
        elif value not in (None, ""):
            yield path, str(value)
