"""Which contacts are taken, and how little of one is shown."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.messages.errors import ErrorCode
from workers.booking.domain.contact import Contact, mask, parse_contact
from workers.booking.domain.values import Refusal

INVALID = Refusal(ErrorCode.INVALID_CONTACT)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("jan@example.com", "jan@example.com"),
        ("  Jan.Kowalski+spa@EXAMPLE.com\n", "Jan.Kowalski+spa@example.com"),
        ("jan@żółw.pl", "jan@xn--w-uga1v8h.pl"),
        ("o'brien@example.co.uk", "o'brien@example.co.uk"),
    ],
)
def test_an_address_is_taken_as_mail_servers_take_it(text, address):
    """Spaces around it go, the domain is in lower case and in ASCII."""
    assert parse_contact(text, email_enabled=True) == Contact("email", address)


@pytest.mark.parametrize(
    "text",
    [
        *("", "jan", "jan@", "@example.com", "jan@example", "jan@localhost", "jan@clinic.test"),
        *("a@b@example.com", "jan@example..com", "jan@[127.0.0.1]", '"jan k"@example.com'),
        *("Jan <jan@example.com>", "jan@example.com, eve@example.com", "jan@example.com\nBcc: eve@example.com"),
        *("żółw@example.com", "jan\x00@example.com", "a" * 65 + "@example.com", "jan@" + "a" * 250 + ".com"),
        *("+48 600 700 800", "600700800", "tel:+48600700800"),
    ],
)
def test_what_no_mail_reaches_is_refused(text):
    """Malformed addresses, several of them, reserved names and telephone numbers are `INVALID_CONTACT`."""
    assert parse_contact(text, email_enabled=True) == INVALID


def test_a_special_domain_is_taken_where_the_deployment_says_so():
    """A demonstration can send to a name that no real mail server has; junk stays junk."""
    taken = parse_contact("jan@clinic.test", email_enabled=True, allow_special_domains=True)

    assert taken == Contact("email", "jan@clinic.test")
    assert parse_contact("jan@", email_enabled=True, allow_special_domains=True) == INVALID


def test_without_the_channel_no_contact_is_taken():
    """A business without a sender cannot send a code, so it does not pretend to."""
    assert parse_contact("jan@example.com", email_enabled=False) == INVALID


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=60) | st.emails() | st.tuples(st.text(), st.text()).map("@".join))
def test_reading_a_contact_never_raises(text):
    """Whatever a visitor types is a contact or a refusal."""
    assert isinstance(parse_contact(text, email_enabled=True), Contact | Refusal)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("anna@example.com", "a***@e***.com"),
        ("a@b.pl", "a***@b***.pl"),
        ("jan@mail.clinic.co.uk", "j***@m***.uk"),
        ("+48600700800", "***"),
        ("jan@localhost", "***"),
        ("", "***"),
    ],
)
def test_a_mask_shows_first_letters_and_the_last_label(address, shown):
    """It reminds its owner and tells nobody else; what is no address shows nothing."""
    assert mask(address) == shown


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=40) | st.emails())
def test_a_mask_never_tells_more(text):
    """For any text at all, no more than two letters and what follows the last dot come through."""
    shown = mask(text)

    assert shown == "***" or shown == f"{text[0]}***@{text.rpartition('@')[2][0]}***.{text.rpartition('.')[2]}"
