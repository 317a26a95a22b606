"""Hides e-mail addresses and phone numbers: in any text, or as a contact that only its owner recognises."""

import re

HIDDEN = "***"

_EMAIL = re.compile(r"[^\s@<>\"']{1,64}@[^\s@<>\"']{1,253}\.[^\s@<>\"']+")
"""Bounded lengths, because a search of a long text with an @ would otherwise take minutes."""

_PHONE = re.compile(r"(?<![\w.:-])\+\d[\d ().-]{6,}\d")

_NATIONAL_NUMBER = re.compile(
    # No dates: 2026-11-30 10:00, 30.11.2026.
    r"(?<![\w.,:/-])(?!\d{4}-\d\d?-\d\d?\b|\d\d?[./-]\d\d?[./-]\d{4}\b)\(?\d(?:[ \u00a0()./-]{0,2}\d){8,19}(?!\w)"
)
"""Nine digits or more, as numbers of telephones, accounts and identity cards have them; times and prices have fewer."""

_INTRODUCTION = re.compile(
    r"\b((?i:nazywam się|mam na imię|my name is|ich hei(?:ß|ss)e|mein name ist|imię i nazwisko:?))"
    r"\s+[^\W\d_][\w'’-]*(?:\s+[A-ZĄĆĘŁŃÓŚŹŻÄÖÜ][\w'’-]*){0,2}"
)
"""A name after words that nothing else follows; further names are capitalised."""

_CAPITAL_INTRODUCTION = re.compile(
    r"\b((?i:jestem|z tej strony|pozdrawiam,?|i am|i['’]m|this is|regards,?|ich bin|hier ist|gr(?:ü|u)(?:ß|ss)e?,?))"
    r"\s+[A-ZĄĆĘŁŃÓŚŹŻÄÖÜ][^\W\d_]+(?:\s+[A-ZĄĆĘŁŃÓŚŹŻÄÖÜ][\w'’-]*){0,2}"
)
"""A name after words that anything may follow, so only what is capitalised."""

_E164 = re.compile(r"\+(?=[0-9]{6,15}$)(1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[2-9][0-9]{2})[0-9]+")
"""The form in which a checked number is stored. The group is the country's code: one digit, two, or else three
(https://www.itu.int/pub/T-SP-E.164D)."""

_MIN_DIGITS = 7
"""Two digits of a shorter number would reveal too much."""


def mask_personal_data(text: str) -> str:
    """Return the text without e-mail addresses and international phone numbers."""
    return _PHONE.sub("[phone]", _EMAIL.sub("[email]", text))


def mask_typed_text(text: str) -> str:
    """Return what a visitor typed without addresses, long numbers, and names with which visitors introduce themselves.

    Other names stay: no list has them all, and a capitalised word may be that of a service.
    """
    masked = _NATIONAL_NUMBER.sub("[number]", mask_personal_data(text))
    return _CAPITAL_INTRODUCTION.sub(r"\1 [name]", _INTRODUCTION.sub(r"\1 [name]", masked))


def mask_contact(contact: str) -> str:
    """Return a mask by which the owner recognises a checked contact: `a***@e***.com`, `+48 *** *** 12`.

    Of an address the first characters and the top-level domain, not even the lengths; of a number the country code and
    the last two digits.
    """
    if "@" in contact:
        return _mask_email(contact)
    number = _E164.fullmatch(contact)
    return f"+{number[1]} {HIDDEN} {HIDDEN} {contact[-2:]}" if number else HIDDEN


def mask_unchecked_contact(text: str) -> str:
    """Return a mask by which the owner recognises a contact as it was typed: `a***@e***.com`, `***12`."""
    if "@" in text:
        return _mask_email(text)
    digits = [character for character in text if character.isdecimal()]
    return HIDDEN + "".join(digits[-2:]) if len(digits) >= _MIN_DIGITS else HIDDEN


def _mask_email(address: str) -> str:
    local, _, domain = address.rpartition("@")
    name, _, top_level = domain.rpartition(".")
    # A top-level domain in the form that DNS has for other scripts, `xn--p1ai`, has hyphens.
    if not (local and name and top_level.replace("-", "").isalnum()):
        return HIDDEN
    return f"{local[0]}{HIDDEN}@{name[0]}{HIDDEN}.{top_level}"
