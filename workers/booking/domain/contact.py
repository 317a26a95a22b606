"""Reads the contact that a visitor gives: an e-mail address, or a number that takes text messages."""

import re
from collections.abc import Collection
from dataclasses import dataclass

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from shared.messages.errors import ErrorCode
from shared.messages.limits import MAX_CONTACT_CHARACTERS
from workers.booking.domain.values import Contact, Refusal

__all__ = ["ANY_EMAIL", "Channels", "Contact", "ContactRules", "parse_contact"]

_INVALID = Refusal(ErrorCode.INVALID_CONTACT)

_UNSEEN = "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
"""Marks that address books put around a number, and that come along when it is copied."""

_NUMBER = re.compile(r"\(?\+?[0-9][0-9 ().\-/\u00a0\u2009\u202f\u2010-\u2015]*", re.ASCII)
"""One number and nothing else. The library would look for one in any text, read letters as digits, and take
extensions, which no text message reaches."""

_TAKES_TEXT_MESSAGES = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


@dataclass(frozen=True, slots=True)
class Channels:
    """What reaches visitors here."""

    email: bool
    sms: bool
    sms_countries: Collection[str] = ()
    """Where text messages may go, beside the business's own country: in some a single one costs as much as a visit."""


@dataclass(frozen=True, slots=True)
class ContactRules:
    """What is accepted as a contact of one business."""

    channels: Channels
    region: str | None
    """The country in which a number without its international prefix is meant."""

    def parse(self, text: str) -> Contact | None:
        """Return the contact in the form in which its channel takes it; None if no code would reach it."""
        found = parse_contact(text, channels=self.channels, region=self.region)
        return None if isinstance(found, Refusal) else found


ANY_EMAIL = ContactRules(Channels(email=True, sms=False), region=None)
"""Accepts every e-mail address, and nothing else."""


def parse_contact(text: str, *, channels: Channels, region: str | None) -> Contact | Refusal:
    """Return the contact in the form in which its channel takes it; anything else is `INVALID_CONTACT`.

    `region` is the country (ISO 3166-1 alpha-2) in which a number without its international prefix is meant;
    without one only international numbers are taken, of the countries that the channels name.
    """
    given = text.strip().strip(_UNSEEN).strip()
    if len(given) > MAX_CONTACT_CHARACTERS:
        return _INVALID
    if "@" in given:
        return _email(given) if channels.email else _INVALID
    return _phone(given, region, channels.sms_countries) if channels.sms else _INVALID


def _email(given: str) -> Contact | Refusal:
    """Return the address with its domain in lower case and in ASCII.

    The part before the @ must be ASCII as it is, because SES takes nothing else
    (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Destination.html). What looks like an encoded word is
    none: a mail program would decode it, perhaps to other addresses (RFC 2047).
    """
    if "=?" in given:
        return _INVALID
    try:
        checked = validate_email(
            given,
            check_deliverability=False,
            strict=True,
            allow_smtputf8=False,
        )
    except EmailNotValidError:
        return _INVALID
    return Contact("email", checked.ascii_email or checked.normalized)


def _phone(given: str, region: str | None, countries: Collection[str]) -> Contact | Refusal:
    """Return the number as E.164 writes it, if its country is served and its plan has it take text messages."""
    if not _NUMBER.fullmatch(given):
        return _INVALID
    try:
        number = phonenumbers.parse(given, region)
    except NumberParseException:
        return _INVALID
    # A number that no numbering plan has is of an unknown type, and so of none of these.
    if phonenumbers.number_type(number) not in _TAKES_TEXT_MESSAGES:
        return _INVALID
    if phonenumbers.region_code_for_number(number) not in {region, *countries}:
        return _INVALID
    return Contact("phone", phonenumbers.format_number(number, PhoneNumberFormat.E164))
