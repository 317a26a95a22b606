"""Which contacts are accepted."""

import string
import time

import phonenumbers
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.messages.errors import ErrorCode
from workers.booking.domain.contact import Channels, Contact, parse_contact
from workers.booking.domain.values import Refusal

INVALID = Refusal(ErrorCode.INVALID_CONTACT)
BOTH = Channels(email=True, sms=True, sms_countries=frozenset(phonenumbers.SUPPORTED_REGIONS))
MOBILE = Contact("phone", "+48600700800")


def parse(text, *, region="PL", channels=BOTH, **more):
    return parse_contact(text, channels=channels, region=region, **more)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("jan@example.com", "jan@example.com"),
        ("  Jan.Kowalski+spa@EXAMPLE.com\n", "Jan.Kowalski+spa@example.com"),
        ("jan@żółw.pl", "jan@xn--w-uga1v8h.pl"),
        ("o'brien@example.co.uk", "o'brien@example.co.uk"),
        ("48600700800@example.com", "48600700800@example.com"),
        ("ｊａｎ４８＠ｅｘａｍｐｌｅ．ｃｏｍ", "jan48@example.com"),
        ("jan٤٨@example.com", "jan48@example.com"),
        ("\u2068ja\u200bn\u202e@exam\u00adple.com\u2069", "jan@example.com"),
        ("jan@نامه۴۸.com", "jan@xn--mgb4dbg97fya.com"),
    ],
)
def test_an_address_is_normalized_as_mail_servers_do(text, address):
    """The domain is in lower case and in ASCII; spaces around it, invisible characters and wide ones have no effect.

    The digits of a domain stay what they are: with others, it would be another domain.
    """
    assert parse(text) == Contact("email", address)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "@", "jan", "jan@", "@example.com", "jan@example", "jan@localhost", "jan@clinic.test"),
        *("jan@clinic.local", "jan@clinic.invalid", "jan@printer.localhost", "jan@example.123", "jan@.com"),
        *("a@b@example.com", "jan@example..com", "jan@[127.0.0.1]", '"jan k"@example.com', "jan@127.0.0.1"),
        *("Jan <jan@example.com>", "jan@example.com, eve@example.com", "jan@example.com\nBcc: eve@example.com"),
        *("żółw@example.com", "jan\x00@example.com", "a" * 65 + "@example.com", "jan@" + "a" * 250 + ".com"),
        *("jan@نامه\u200cای.com", "💇@example.com", "jan@💇", "jаn@example.com", "jan @example.com"),
        "=?utf-8?q?a=40example.org=2C_b?=@example.com",
        "a" * 9_988 + "@example.com",
    ],
)
def test_an_address_that_no_email_reaches_is_refused(text):
    """Malformed, multiple, reserved, look-alike and overlong addresses."""
    assert parse(text) == INVALID


@pytest.mark.parametrize(
    "text",
    [
        *("600700800", "600 700 800", "600-700-800", "600.700.800", " 600 700 800\n", "600\u00a0700\u00a0800"),
        *("+48600700800", "+48 600 700 800", "(+48) 600 700 800", "+48 (600) 700-800", "0048 600 700 800"),
        *("48 600 700 800", "600–700–800", "\u202a+48 600 700 800\u202c", "600/700/800", "+48 600 70 08 00"),
        *(
            "６００７００８００",
            "＋４８　６００　７００　８００",
            "６００－７００－８００",
            "（＋４８）６００７００８００",
        ),
        *("٦٠٠٧٠٠٨٠٠", "۶۰۰۷۰۰۸۰۰", "६००७००८००", "𝟞𝟘𝟘700800", "+٤٨٦٠٠٧٠٠٨٠٠"),
        *(
            "600\u200b700\u200b800",
            "600\u202e700800",
            "\u2068+48\u2060600\u00ad700\ufeff800\u2069",
            "\u200f600700800\u061c",
        ),
    ],
)
def test_a_mobile_number_is_accepted_in_any_usual_spelling(text):
    """Spaces, dashes, brackets, prefixes, digits of any script, and invisible characters; the result is E.164."""
    assert parse(text) == MOBILE


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("07911 123456", "GB", "+447911123456"),
        ("+44 7911 123456", "PL", "+447911123456"),
        ("(201) 555-0123", "US", "+12015550123"),
        ("+1 201 555 0123", None, "+12015550123"),
        ("0171 1234567", "DE", "+491711234567"),
        ("+39 312 345 6789", "PL", "+393123456789"),
    ],
)
def test_a_national_number_belongs_to_the_businesss_country(text, region, number):
    """An international number is the same everywhere; American numbers do not distinguish mobile and fixed lines."""
    assert parse(text, region=region) == Contact("phone", number)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("22 123 45 67", id="landline"),
        pytest.param("+44 20 7946 0958", id="foreign landline"),
        pytest.param("800 123 456", id="toll free"),
        pytest.param("700 123 456", id="premium rate"),
        pytest.param("+44 909 879 0123", id="foreign premium rate"),
        pytest.param("801 123 456", id="shared cost"),
        pytest.param("+44 7600 123456", id="pager"),
        pytest.param("+44 70 1234 5678", id="personal number"),
        pytest.param("39 123 45 67", id="internet telephony"),
        pytest.param("+800 1234 5678", id="international toll free"),
        pytest.param("112", id="emergency"),
        pytest.param("600 700 80", id="a digit short"),
        pytest.param("600 700 8000", id="a digit long"),
        pytest.param("000 000 000", id="zeros"),
        pytest.param("+999 600 700 800", id="no such country"),
        pytest.param("+", id="nothing dialled"),
        pytest.param("++48600700800", id="two plus signs"),
        pytest.param("+48+600700800", id="a plus sign inside"),
        pytest.param("600 700 800 ext. 5", id="extension"),
        pytest.param("600700800x5", id="short extension"),
        pytest.param("600700800#5", id="keyed extension"),
        pytest.param("600700800;ext=5", id="extension of a link"),
        pytest.param("600700800,,5", id="pauses"),
        pytest.param("tel:+48600700800", id="link"),
        pytest.param("600 700 800 / 600 700 801", id="two numbers"),
        pytest.param("600 700 800, 600 700 801", id="a list"),
        pytest.param("600 700 800\n600 700 801", id="two lines"),
        pytest.param("call 600 700 800", id="words before"),
        pytest.param("600 700 800 after six", id="words after"),
        pytest.param("60070080O", id="a letter for a zero"),
        pytest.param("6OO7OO8OO", id="letters for zeros"),
        pytest.param("+1 800 FLOWERS", id="a word to dial"),
        pytest.param("6️⃣00700800", id="keycap"),
        pytest.param("📱600700800", id="emoji"),
        pytest.param("600700800\u0000", id="null"),
        pytest.param("6" * 10_000, id="ten thousand digits"),
        pytest.param(" 6" * 10_000, id="ten thousand digits apart"),
        pytest.param("(" * 10_000, id="ten thousand brackets"),
        pytest.param("6" + "-" * 200, id="dashes"),
    ],
)
def test_a_number_that_no_text_message_reaches_is_refused(text):
    """The code would cost somebody money, or reach nobody or the wrong person."""
    began = time.process_time()

    assert parse(text) == INVALID
    assert time.process_time() - began < 2


@pytest.mark.parametrize("text", ["600700800", "0048600700800", "48600700800"])
def test_a_national_number_needs_a_country(text):
    """If the business's country is unknown, the number's country is not guessed."""
    assert parse(text, region=None) == INVALID
    assert parse("+48600700800", region=None) == MOBILE


@pytest.mark.parametrize(
    ("number", "region", "countries", "is_accepted"),
    [
        ("600 700 800", "PL", (), True),
        ("+44 7400 123456", "PL", (), False),
        ("+44 7400 123456", "PL", ("DE", "GB"), True),
        ("+48 600 700 800", "GB", ("DE",), False),
        ("+48 600 700 800", None, (), False),
        ("+48 600 700 800", None, ("PL",), True),
        # Several countries share one prefix: the number decides.
        ("041 2345678", "AX", (), True),
        ("+358 41 2345678", "PL", ("AX",), True),
        ("+358 41 2345678", "PL", ("FI",), True),
        ("+44 7797 712345", "GB", (), False),
        ("+44 7797 712345", "GB", ("JE",), True),
        ("+1 204 234 5678", "US", (), False),
        ("+1 204 234 5678", "US", ("CA",), True),
    ],
)
def test_numbers_of_countries_that_are_not_served_are_refused(number, region, countries, is_accepted):
    """Only the business's own country and the configured ones are served, because each message costs money."""
    parsed = parse(number, region=region, channels=Channels(email=True, sms=True, sms_countries=countries))

    assert isinstance(parsed, Contact) is is_accepted
    assert is_accepted or parsed == INVALID


@pytest.mark.parametrize(
    ("channels", "email", "phone"),
    [
        (Channels(email=True, sms=True), True, True),
        (Channels(email=True, sms=False), True, False),
        (Channels(email=False, sms=True), False, True),
        (Channels(email=False, sms=False), False, False),
    ],
)
def test_a_contact_whose_channel_is_off_is_refused(channels, email, phone):
    """A business that can't send a code does not accept the contact."""
    assert isinstance(parse("jan@example.com", channels=channels), Contact) is email
    assert isinstance(parse("+48600700800", channels=channels), Contact) is phone


@given(
    text=st.text(max_size=60)
    | st.emails()
    | st.tuples(st.text(), st.text()).map("@".join)
    | st.text("+0123456789 ()-.x#;,extel:", max_size=40),
    region=st.sampled_from(["PL", "US", "GB", None]),
)
def test_parsing_a_contact_never_raises(text, region):
    """Any text is an ASCII contact or a refusal."""
    parsed = parse(text, region=region)

    assert parsed == INVALID or (
        isinstance(parsed, Contact) and parsed.address.isascii() and parsed.address.isprintable()
    )


@given(
    region=st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)),
    form=st.sampled_from([phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.PhoneNumberFormat.INTERNATIONAL]),
)
def test_every_countrys_mobile_number_is_parsed_the_same_in_every_form(region, form):
    """Each country's example number in national and international form; the result is parsed to itself."""
    example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    assume(example is not None)
    written = phonenumbers.format_number(example, form)
    assume(not set(written) & set(string.ascii_letters))

    parsed = parse(written, region=region)

    assert parsed == Contact("phone", phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164))
    assert parse(parsed.address, region=None) == parsed
