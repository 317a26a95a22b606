"""Shows what a message says without the personal data in it; a field that nobody has named harmless is masked."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ops.desk.domain.values import Line
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
"""What the business or the backend says itself. A visitor may have put anything into some of them, too: they are only
shown as far as they are no address and no number."""

_TIMES = frozenset({"start", "end", "from"})
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ][\d:.]+)?(?:Z|[+-][\d:]+)?", re.ASCII)
"""What else a visitor types where the time belongs may be anything, their number for example."""

_MAX_SHOWN_CHARACTERS = 4_000


def lines_of(data: Mapping[str, Any], *, unmasked: bool) -> list[Line]:
    """Return every field that has a value, in order; those of nested objects as `outer.inner`."""
    return [Line(name, *_shown(name, text, unmasked=unmasked)) for name, text in _flat(data)]


def raw_line(payload: str, *, unmasked: bool) -> Line:
    """Return what stands in for the fields of a payload that can't be read."""
    if unmasked:
        return Line("payload", payload[:_MAX_SHOWN_CHARACTERS])
    return Line("payload", HIDDEN, is_masked=True, unreadable_characters=len(payload))


def _shown(name: str, text: str, *, unmasked: bool) -> tuple[str, bool]:
    if unmasked:
        return text[:_MAX_SHOWN_CHARACTERS], False
    if name in _TIMES and _TIME.fullmatch(text):
        return text, False
    if name in _HARMLESS:
        shown = mask_personal_data(text) if name != "calendar_id" else text
        return shown[:_MAX_SHOWN_CHARACTERS], shown != text
    return (mask_unchecked_contact(text) if name == "contact" else HIDDEN), True


def _flat(data: Mapping[str, Any], outer: str = "") -> Iterator[tuple[str, str]]:
    for name, value in data.items():
        path = f"{outer}{name}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}.")
        elif value not in (None, ""):
            yield path, str(value)
