"""Extracts what an answer states and what can be compared: prices, times of day, phone numbers and links.

Not recognised: numbers in words ("two hundred zloty"), "free of charge" as a price, and times without minutes in
a range ("from 7 to 21").
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import phonenumbers

_REGION = "PL"
"""The country of phone numbers without a country code."""

_CURRENCIES = {
    "PLN": r"z[łl](?:ot\w+)?|pln",
    "EUR": r"€|eur(?:o|os)?",
    "USD": r"\$|usd|dollars?|dolar\w*",
    "GBP": r"£|gbp",
}
_AMOUNT = r"\d{1,3}(?:[ \u00a0\u202f,.]\d{3})+(?:[.,]\d{2})?(?!\d)|\d+(?:[.,]\d{1,2})?(?!\d)"
_ANY_CURRENCY = "|".join(_CURRENCIES.values())
_PRICE = re.compile(
    rf"(?P<amount>{_AMOUNT})\s?(?P<after>{_ANY_CURRENCY})(?!\w)"
    rf"|(?<!\w)(?P<before>{_ANY_CURRENCY})\s?(?P<following>{_AMOUNT})",
    re.IGNORECASE,
)
_RANGE_START = re.compile(rf"(?<![\d.,])(?P<amount>{_AMOUNT})\s?(?:-|–|—|to|do|or|lub|and|i|,)\s?\Z", re.IGNORECASE)

_HOUR, _MINUTE = r"(?P<hour>[01]?\d|2[0-4])", r"(?P<minute>[0-5]\d)"
_NO_HOUR = rf"[:.,–-]?\d|%|{_ANY_CURRENCY}|[ap]\.?m\b|min|h\b|godzin|dni|day|hour|week|km|m\b|cm|year|lat|raz|time"
"""What follows a number that is an amount: "taniej o 20%", "at 5 km"."""

_TIMES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<![\d:.,]){_HOUR}:{_MINUTE}(?![\d:])(?:\s?(?P<half>[ap])\.?m\b)?",
        r"(?<![\d:.,])(?P<hour>1[0-2]|0?[1-9])\s?(?P<half>[ap])\.?m\b",
        rf"(?:\b(?:o|od|do|godz\w*\.?|at|from|until|till|to)\s){_HOUR}\.{_MINUTE}(?!\.?\d|\s?(?:{_ANY_CURRENCY}|%))",
        rf"\b(?:o\s|o\sgodz\w*\.?\s|godz\w*\.?\s|at\s)(?P<hour>[01]?\d|2[0-4])(?:-?t?ej)?\b(?!\s?(?:{_NO_HOUR}))",
        r"(?<![\d:.,])(?P<hour>[01]?\d|2[0-4])\s?(?:o['’]clock|uhr)",
    )
)
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}\.\d{1,2}\.\d{4}\b")
_DOTTED_RANGE = re.compile(r"(?<![\d.])(\d{1,2})\.(\d{2})(\s?[-–]\s?)(\d{1,2})\.(\d{2})(?![\d.])")
"""Opening hours as "8.00-20.00", which are neither a phone number nor a price."""

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"'()\[\]]+", re.IGNORECASE)
_DOMAIN = re.compile(
    r"(?<![\w@.-])(?:[a-z0-9-]+\.)+(?:pl|com|eu|org|net|info|biz|io|app|me|de|uk|example|test)(?:/[^\s<>\"'()\[\]]*)?(?![\w-])",
    re.IGNORECASE,
)
_MIN_PHONE_DIGITS = 7
_HALF_DAY = 12


@dataclass(frozen=True, slots=True)
class AnswerFacts:
    """What can be compared; each value is normalised, so that two spellings of the same are equal."""

    prices: frozenset[str] = field(default_factory=frozenset)
    """As `220 PLN` or `49.50 EUR`."""

    times: frozenset[str] = field(default_factory=frozenset)
    """As `08:00`, in 24 hours."""

    phones: frozenset[str] = field(default_factory=frozenset)
    """In E.164, as `+48120000140`."""

    links: frozenset[str] = field(default_factory=frozenset)
    """E-mail addresses, and web addresses without scheme and `www.`, in lower case."""


def extract_facts(text: str) -> AnswerFacts:
    """Return the facts of a text in Polish, English or German; empty sets for a text without any."""
    return AnswerFacts(
        prices=frozenset(_find_prices(text)),
        times=frozenset(_find_times(text)),
        phones=frozenset(_find_phones(text)),
        links=frozenset(_find_links(text)),
    )


def _find_prices(text: str) -> Iterator[str]:
    for match in _PRICE.finditer(text):
        currency = _name_currency(match["after"] or match["before"])
        yield _format_price(match["amount"] or match["following"], currency)
        # "200-300 zł" and "200, 300 or 500 zł" say the currency once; a plain comma is a list only before an amount.
        before = text[: match.start()]
        while match["after"] and (start := _RANGE_START.search(before)):
            yield _format_price(start["amount"], currency)
            before = before[: start.start()]


def _name_currency(sign: str) -> str:
    return next(code for code, pattern in _CURRENCIES.items() if re.fullmatch(pattern, sign, re.IGNORECASE))


def _format_price(amount: str, currency: str) -> str:
    plain = re.sub(r"[ \u00a0\u202f]|[.,](?=\d{3}(?!\d))", "", amount).replace(",", ".")
    value = Decimal(plain)
    return (
        f"{value.quantize(Decimal(1)) if value == value.to_integral() else value.quantize(Decimal('0.01'))} {currency}"
    )


def _find_times(text: str) -> Iterator[str]:
    undated = _DOTTED_RANGE.sub(r"\1:\2\3\4:\5", _DATE.sub(" ", text))
    for pattern in _TIMES:
        for match in pattern.finditer(undated):
            groups = match.groupdict()
            hour, half = int(match["hour"]), (groups.get("half") or "").lower()
            if half:
                hour = hour % _HALF_DAY + (_HALF_DAY if half == "p" else 0)
            yield f"{hour:02}:{groups.get('minute') or '00'}"


def _find_phones(text: str) -> Iterator[str]:
    undated = _DOTTED_RANGE.sub(" ", _DATE.sub(" ", text))
    for match in phonenumbers.PhoneNumberMatcher(undated, _REGION, leniency=phonenumbers.Leniency.POSSIBLE):
        if sum(character.isdigit() for character in match.raw_string) >= _MIN_PHONE_DIGITS:
            yield phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)


def _find_links(text: str) -> Iterator[str]:
    for match in _EMAIL.finditer(text):
        yield match[0].lower().rstrip(".-")
    rest = _EMAIL.sub(" ", text)
    for pattern in (_URL, _DOMAIN):
        for match in pattern.finditer(rest):
            yield _normalize_link(match[0])


def _normalize_link(link: str) -> str:
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", link.lower()).rstrip("/.,;:!?")
