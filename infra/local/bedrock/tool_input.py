"""Fills the input of a tool from what the visitor wrote: an enum by its words, a date as people write it."""

import re
from datetime import date, timedelta
from typing import Any

from infra.local.bedrock.language import fold, terms

_TODAY = re.compile(r"(?:today is|dzis(?:iaj)? jest)\W+(?:\w+,?\s+)?(\d{4}-\d{2}-\d{2})")
_WEEKDAYS = (
    r"monday|poniedzial\w*",
    r"tuesday|wtor(ek|ku)",
    r"wednesday|srod[aey]",
    r"thursday|czwart(ek|ku)",
    r"friday|piat(ek|ku)",
    r"saturday|sobot[aey]",
    r"sunday|niedziel\w",
)


def fill_input(schema: dict[str, Any], texts: list[str], system_text: str) -> dict[str, Any]:
    """Return a tool's input made from what the visitor wrote, the newest message first.

    An optional field that the words say nothing about is left out. What the values of an enum mean is read from
    the field's description and from the system prompt, where they say it as "cut: Haircut".
    """
    today = find_today(system_text)
    filled: dict[str, Any] = {}
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        value: Any = None
        if "enum" in field:
            value = _choose(field["enum"], f"{field.get('description', '')}\n{system_text}", texts)
            value = field["enum"][0] if value is None and name in required else value
        elif name == "date" or field.get("format") == "date":
            value = find_date(texts[0], today) if texts else None
        elif field.get("type") == "string" and name in required:
            value = texts[0] if texts else ""
        if value is not None:
            filled[name] = value
    return filled


def find_today(system_text: str) -> date | None:
    """Return the day that the system prompt says it is."""
    match = _TODAY.search(fold(system_text))
    return _iso(match[1]) if match else None


def find_date(text: str, today: date | None) -> str | None:
    """Return the day that a message names, as `YYYY-MM-DD`."""
    plain = fold(text)
    for pattern, order in (
        (r"\b(\d{4})-(\d{2})-(\d{2})\b", (1, 2, 3)),
        (r"\b(\d{1,2})\.(\d{1,2})\.(\d{4})\b", (3, 2, 1)),
    ):
        match = re.search(pattern, plain)
        named = _iso("-".join(match[part].zfill(2) for part in order)) if match else None
        if named:
            return named.isoformat()
    if today is None:
        return None
    for pattern, days in (
        (r"day after tomorrow|pojutrze", 2),
        (r"tomorrow|jutro", 1),
        (r"today|dzis(iaj)?", 0),
    ):
        if re.search(rf"\b({pattern})\b", plain):
            return (today + timedelta(days=days)).isoformat()
    for weekday, pattern in enumerate(_WEEKDAYS):
        if re.search(rf"\b({pattern})\b", plain):
            ahead = (weekday - today.weekday() - 1) % 7 + 1
            return (today + timedelta(days=ahead)).isoformat()
    return None


def _choose(values: list[Any], explained: str, texts: list[str]) -> Any:
    about = {value: set(terms(str(value).replace("_", " ").replace("-", " "))) for value in values}
    for value in values:
        for names in re.findall(rf"(?:^|[\n;,])\W*{re.escape(str(value))}\W*?[:=–-]\s*([^\n;,]+)", explained):
            about[value] |= set(terms(names))
    for text in texts:
        asked = set(terms(text))
        ranked = sorted(values, key=lambda value: -len(about[value] & asked))
        counts = [len(about[value] & asked) for value in ranked]
        if counts and counts[0] and (len(counts) == 1 or counts[0] > counts[1]):
            return ranked[0]
    return None


def _iso(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
