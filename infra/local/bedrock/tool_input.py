"""Fills the input of a tool from the visitor's messages: enum values by their words, dates in everyday forms."""

import re
from datetime import date, timedelta
from typing import Any

from infra.local.bedrock.vocabulary import WEEKDAYS, ConceptAnalyzer
from workers.chat.retrieval.analysis import fold_text

_TODAY = re.compile(r"today is\W+(?:\w+,?\s+)?(\d{4}-\d{2}-\d{2})", re.IGNORECASE)
_RELATIVE_DAYS = (
    (re.compile(r"\b(day after tomorrow|pojutrze|ubermorgen)\b"), 2),
    (re.compile(r"\b(tomorrow|jutro|jutrzejsz\w+|morgen)\b"), 1),
    (re.compile(r"\b(today|tonight|dzis|dzisiaj|dzisiejsz\w+|heute)\b"), 0),
)


def fill_input(schema: dict[str, Any], texts: list[str], facts_text: str, analyzer: ConceptAnalyzer) -> dict[str, Any]:
    """Return a tool's input from the visitor's messages, the newest first.

    An optional field that the words say nothing about is left out. What the values of an enum mean is read from
    the field's description and from the prompt, where they say it as "cut: Haircut".
    """
    today = find_today(facts_text)
    filled: dict[str, Any] = {}
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        value: Any = None
        if "enum" in field:
            value = _choose_value(field["enum"], f"{field.get('description', '')}\n{facts_text}", texts, analyzer)
            value = field["enum"][0] if value is None and name in required else value
        elif name == "date" or field.get("format") == "date":
            value = _find_date(texts[0], today, analyzer) if texts else None
        elif field.get("type") == "string" and name in required:
            value = texts[0] if texts else ""
        if value is not None:
            filled[name] = value
    return filled


def find_today(facts_text: str) -> date | None:
    """Return the current day from the situation."""
    match = _TODAY.search(facts_text)
    return _parse_date(match[1]) if match else None


def find_relative_day(text: str, today: date | None) -> date | None:
    """Return the day that a message names, relative to today, such as "tomorrow"."""
    plain = fold_text(text)
    ahead = next((days for pattern, days in _RELATIVE_DAYS if pattern.search(plain)), None)
    return None if today is None or ahead is None else today + timedelta(days=ahead)


def _find_date(text: str, today: date | None, analyzer: ConceptAnalyzer) -> str | None:
    for pattern, order in (
        (r"\b(\d{4})-(\d{2})-(\d{2})\b", (1, 2, 3)),
        (r"\b(\d{1,2})\.(\d{1,2})\.(\d{4})\b", (3, 2, 1)),
    ):
        match = re.search(pattern, text)
        named = _parse_date("-".join(match[part].zfill(2) for part in order)) if match else None
        if named:
            return named.isoformat()
    day = find_relative_day(text, today)
    terms = analyzer.extract_terms(text)
    weekday = next((number for number, concept in enumerate(WEEKDAYS) if concept in terms), None)
    if day is None and today and weekday is not None:
        day = today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    return day.isoformat() if day else None


def _choose_value(values: list[Any], explained: str, texts: list[str], analyzer: ConceptAnalyzer) -> Any:
    about = {value: set(analyzer.extract_terms(str(value).replace("_", " ").replace("-", " "))) for value in values}
    for value in values:
        for names in re.findall(rf"(?:^|[\n;,])\W*{re.escape(str(value))}\W*?[:=–-]\s*([^\n;,]+)", explained):
            about[value] |= set(analyzer.extract_terms(names))
    for text in texts:
        requested = set(analyzer.extract_terms(text))
        ranked = sorted(values, key=lambda value: -len(about[value] & requested))
        counts = [len(about[value] & requested) for value in ranked]
        if counts and counts[0] and (len(counts) == 1 or counts[0] > counts[1]):
            return ranked[0]
    return None


def _parse_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
