"""That an address or a number is hidden wherever it stands, and what is shown of a contact."""

import string
import time

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.masking import mask_contact, mask_personal_data, mask_typed_text, mask_unchecked_contact


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("jan@example.com", "[email]"),
        ("mail to jan.nowak+visit@poczta.example.com failed", "mail to [email] failed"),
        ("<jan@example.com>, 'ania@example.com'", "<[email]>, '[email]'"),
        ('{"contact": "jan@example.com"}', '{"contact": "[email]"}'),
        ("zażółć@gęśl.pl", "[email]"),
        ("call +48 600 100 200 now", "call [phone] now"),
        ("+48600100200", "[phone]"),
        ("+1 (555) 010-9999.", "[phone]."),
        ("jan@example.com +48 600 100 200", "[email] [phone]"),
    ],
)
def test_addresses_and_numbers_are_masked(text, masked):
    """Wherever they stand in a text, an exception's above all."""
    assert mask_personal_data(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-13T10:00:00+01:00",
        "2026-01-13T10:00:00.123456+00:00",
        "arn:aws:sqs:eu-central-1:123456789012:chat.fifo",
        "0123456789abcdefghijklmnopqrstuv",
        "attempt 3 + 4 of 10",
        "user@localhost",
        "@",
        "",
    ],
)
def test_what_is_no_address_and_no_number_stays(text):
    """Instants, names of parts and ids are what a log is read for."""
    assert mask_personal_data(text) == text


@given(st.text(max_size=60), st.text(max_size=60))
def test_an_address_is_found_between_any_texts(before, after):
    """Masking twice changes nothing more."""
    masked = mask_personal_data(f"{before} jan@example.com {after}")

    assert "jan@example.com" not in masked
    assert mask_personal_data(masked) == masked


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("anna@example.com", "a***@e***.com"),
        ("a@b.pl", "a***@b***.pl"),
        ("jan@mail.clinic.co.uk", "j***@m***.uk"),
        ("+48600700812", "+48 *** *** 12"),
        ("+12015550123", "+1 *** *** 23"),
        ("+420601123456", "+420 *** *** 56"),
        ("600700800", "***"),
        ("+4860070080O", "***"),
        ("+", "***"),
        ("jan@localhost", "***"),
        ("", "***"),
    ],
)
def test_a_mask_shows_first_characters_and_the_last_label_or_a_country_and_two_digits(address, masked):
    """It reminds its owner and tells nobody else; what is neither shows nothing."""
    assert mask_contact(address) == masked


@given(text=st.text(max_size=40) | st.emails())
def test_a_mask_never_reveals_more(text):
    """For any text at all, no more than two characters and what follows the last dot come through."""
    masked = mask_contact(text)

    assert masked == "***" or masked == f"{text[0]}***@{text.rpartition('@')[2][0]}***.{text.rpartition('.')[2]}"


@given(digits=st.text(string.digits, max_size=20))
def test_a_masked_number_never_reveals_more(digits):
    """The country's code, which is three digits at the most, and the last two."""
    masked = mask_contact(f"+{digits}")

    if masked != "***":
        code, *hidden, last = masked.split(" ")
        assert hidden == ["***", "***"]
        assert len(code) <= 4
        assert last == digits[-2:]
        assert f"+{digits}".startswith(code)


def test_the_code_of_every_country_is_known():
    """All that the numbering plans of the world have, with no digit of the number behind it."""
    masked = {code: mask_contact(f"+{code}23456789") for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE}
    assert len(masked) > 200
    assert masked == {code: f"+{code} *** *** 89" for code in masked}


@pytest.mark.parametrize(
    ("contact", "masked"),
    [
        ("jan@example.com", "j***@e***.com"),
        ("+48601234567", "***67"),
        ("601 234 567", "***67"),
        ("jan", "***"),
        ("a@b", "***"),
        ("@", "***"),
        ("12@34", "***"),
        ("jan@example.com\x1b[2J", "***"),
        ("", "***"),
    ],
)
def test_a_contact_as_typed_reminds_its_owner_and_nobody_else(contact, masked):
    """First characters and the top-level domain, or the last two digits; of anything odd, nothing."""
    assert mask_unchecked_contact(contact) == masked


def test_what_visitors_type_is_masked_further():
    """National numbers and the names of introductions; dates, times, prices and other words stay."""
    masked = {
        "zadzwońcie 601 234 567": "zadzwońcie [number]",
        "tel. 601-234-567, albo (12) 634 12 34.": "tel. [number], albo [number].",
        "PESEL 85010112345": "PESEL [number]",
        "+48 601 234 567, jan@example.com": "[phone], [email]",
        "Nazywam się Anna Nowak i szukam": "Nazywam się [name] i szukam",
        "nazywam się anna nowak": "nazywam się [name] nowak",
        "Jestem Anna Maria Nowak-Kowalska.": "Jestem [name].",
        "My name is John Smith, hi": "My name is [name], hi",
        "I'm John and I’m tired": "I'm [name] and I’m tired",
        "Ich heiße Jörg Müller": "Ich heiße [name]",
        "Gruß, Jörg": "Gruß, [name]",
    }
    for text, expected in masked.items():
        assert mask_typed_text(text) == expected, text
    for text in (
        "2026-11-30 10:00",
        "30.11.2026 o 8.00-20.00",
        "od 1 200 do 2 400 zł",
        "jestem zainteresowana masażem",
        "I am looking for a Thai massage",
        "11/30/2026",
        "(5)",
        "",
    ):
        assert mask_typed_text(text) == text, text


@given(st.text(alphabet="0123456789 .-+()@aA", max_size=3000))
def test_masking_what_was_typed_takes_no_time(text):
    """Whatever digits, separators and words a text is made of."""
    started = time.process_time()
    mask_typed_text(text)
    assert time.process_time() - started < 0.5
