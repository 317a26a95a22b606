"""Parses the contact that a visitor gives: an e-mail address, or a phone number that can receive text messages."""

import re
from collections.abc import Collection
from dataclasses import dataclass

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from shared.messages.errors import ErrorCode
from shared.messages.limits import MAX_CONTACT_CHARACTERS
from workers.booking.domain.typed_text import normalize_typed_address, normalize_typed_text
from workers.booking.domain.values import Contact, Refusal

__all__ = ["ANY_EMAIL", "Channels", "Contact", "ContactRules", "parse_contact"]

_INVALID = Refusal(ErrorCode.INVALID_CONTACT)

_NUMBER = re.compile(r"\(?\+?[0-9][0-9 ().\-/\u2010-\u2015]*", re.ASCII)
"""One number and nothing else. The library would search any text for a number, read alphabetic characters as digits,
and accept extensions, which can't receive text messages."""

_PLAN_OF_NEIGHBOUR = {"GS": "FK", "PN": "NZ", "TF": "RE", "UM": "US"}
"""Territories whose numbers belong to the plan of another one (ITU-T E.164, list of assigned country codes)."""

_CAN_RECEIVE_SMS = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


@dataclass(frozen=True, slots=True)
class Channels:
    """The channels by which visitors can be contacted."""

    email: bool
    sms: bool
    sms_countries: Collection[str] = ()
    """Countries that text messages may be sent to, besides the business's own: in some, one message costs as much as a
    visit."""


@dataclass(frozen=True, slots=True)
class ContactRules:
    """The contacts that one business accepts."""

    channels: Channels
    region: str | None
    """The country of numbers without an international prefix."""

    def parse(self, text: str) -> Contact | None:
        """Return the contact in its channel's format, or None if no code can reach it."""
        contact = parse_contact(text, channels=self.channels, region=self.region)
        return None if isinstance(contact, Refusal) else contact


ANY_EMAIL = ContactRules(Channels(email=True, sms=False), region=None)
"""Accepts every e-mail address, and nothing else."""


def parse_contact(text: str, *, channels: Channels, region: str | None) -> Contact | Refusal:
    """Return the contact in its channel's format, or the refusal `INVALID_CONTACT`.

    `region` is the country (ISO 3166-1 alpha-2) of numbers without an international prefix. Without a region, only
    international numbers of the countries in `channels` are accepted.
    """
    typed = text.strip()
    if len(typed) > MAX_CONTACT_CHARACTERS:
        return _INVALID
    contact = normalize_typed_text(typed).strip()
    if "@" in contact:
        return _parse_email(normalize_typed_address(typed)) if channels.email else _INVALID
    return _parse_phone(contact, region, channels.sms_countries) if channels.sms else _INVALID


def _parse_email(address: str) -> Contact | Refusal:
    """Return the address with its domain in lower case and in ASCII.

    The part before the @ must be ASCII, because SES accepts nothing else
    (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Destination.html). What looks like an
    encoded word is refused: a mail program would decode it, perhaps to other addresses (RFC 2047).
    """
    if "=?" in address:
        return _INVALID
    try:
        checked = validate_email(
            address,
            check_deliverability=False,
            strict=True,
            allow_smtputf8=False,
        )
    except EmailNotValidError:
        return _INVALID
    return Contact("email", checked.ascii_email or checked.normalized)


def _parse_phone(text: str, region: str | None, countries: Collection[str]) -> Contact | Refusal:
    """Return the number in E.164 format, if its country is served and its numbering plan allows text messages to it.

    Territories that share a country code have plans that overlap: a number of Finland may also be one of Aland. So it
    is looked up in the plan of each served country; the library would return only one country, the largest.
    """
    if not _NUMBER.fullmatch(text):
        return _INVALID
    served = {_PLAN_OF_NEIGHBOUR.get(country, country) for country in (region, *countries) if country}
    try:
        number = phonenumbers.parse(text, _PLAN_OF_NEIGHBOUR.get(region, region) if region else None)
    except NumberParseException:
        return _INVALID
    # A number that is in no numbering plan has an unknown type, which is not in this set.
    if phonenumbers.number_type(number) not in _CAN_RECEIVE_SMS:
        return _INVALID
    if not any(phonenumbers.is_valid_number_for_region(number, country) for country in served):
        return _INVALID
    return Contact("phone", phonenumbers.format_number(number, PhoneNumberFormat.E164))
