"""Parses the contact that a visitor gives: an e-mail address, or a phone number that can receive text messages."""

from collections.abc import Collection
from dataclasses import dataclass

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from shared.contacts import find_numbering_plan, parse_email, parse_number
from shared.messages.errors import ErrorCode
from shared.messages.limits import MAX_CONTACT_CHARACTERS
from shared.typed_text import normalize_typed_text
from workers.booking.domain.values import Contact, Refusal

__all__ = ["ANY_EMAIL", "Channels", "Contact", "ContactRules", "parse_contact"]

_INVALID = Refusal(ErrorCode.INVALID_CONTACT)

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
        return _parse_email(typed) if channels.email else _INVALID
    return _parse_phone(contact, region, channels.sms_countries) if channels.sms else _INVALID


def _parse_email(typed: str) -> Contact | Refusal:
    address = parse_email(typed)
    return Contact("email", address) if address else _INVALID


def _parse_phone(text: str, region: str | None, countries: Collection[str]) -> Contact | Refusal:
    """Return the number in E.164 format, if its country is served and its numbering plan allows text messages to it.

    Territories that share a country code have plans that overlap: a number of Finland may also be one of Aland. So it
    is looked up in the plan of each served country; the library would return only one country, the largest.
    """
    served = {find_numbering_plan(country) for country in (region, *countries) if country}
    number = parse_number(text, region)
    # A number that is in no numbering plan has an unknown type, which is not in this set.
    if number is None or phonenumbers.number_type(number) not in _CAN_RECEIVE_SMS:
        return _INVALID
    if not any(phonenumbers.is_valid_number_for_region(number, country) for country in served):
        return _INVALID
    return Contact("phone", phonenumbers.format_number(number, PhoneNumberFormat.E164))
