"""Reads the e-mail address or the telephone number that a visitor gives, as visitors type or paste it."""

import re

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from shared.messages.limits import MAX_CONTACT_CHARACTERS
from shared.typed_text import normalize_typed_address, normalize_typed_text

_NUMBER = re.compile(r"\(?\+?[0-9][0-9 ().\-/\u2010-\u2015]*", re.ASCII)
"""One number and nothing else. The library would search any text for a number, read alphabetic characters as digits,
and accept extensions."""

_PLAN_OF_NEIGHBOUR = {"GS": "FK", "PN": "NZ", "TF": "RE", "UM": "US"}
"""Territories whose numbers belong to the plan of another one (ITU-T E.164, list of assigned country codes)."""


def find_numbering_plan(country: str) -> str:
    """Return the country whose numbering plan a country has: nearly always its own."""
    return _PLAN_OF_NEIGHBOUR.get(country, country)


def normalize_contact(text: str, *, region: str | None) -> str | None:
    """Return an e-mail address, or a number in E.164 format, at which a person can be reached; None of any other text.

    A person may call any number, so that those of other countries and of landlines are accepted. `region` is the
    country (ISO 3166-1 alpha-2) of numbers without an international prefix.
    """
    typed = text.strip()
    if len(typed) > MAX_CONTACT_CHARACTERS:
        return None
    contact = normalize_typed_text(typed).strip()
    if "@" in contact:
        return parse_email(typed)
    number = parse_number(contact, region)
    if number is None or not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def parse_email(typed: str) -> str | None:
    """Return the address with its domain in lower case and in ASCII; None if it is none.

    The part before the @ must be ASCII, because SES accepts nothing else
    (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Destination.html). What looks like an
    encoded word is refused: a mail program would decode it, perhaps to other addresses (RFC 2047).
    """
    address = normalize_typed_address(typed)
    if "=?" in address:
        return None
    try:
        checked = validate_email(address, check_deliverability=False, strict=True, allow_smtputf8=False)
    except EmailNotValidError:
        return None
    return checked.ascii_email or checked.normalized


def parse_number(text: str, region: str | None) -> PhoneNumber | None:
    """Return the one number that the text is, which may be in no numbering plan; None if the text is none."""
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return phonenumbers.parse(text, find_numbering_plan(region) if region else None)
    except NumberParseException:
        return None
