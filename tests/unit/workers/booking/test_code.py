"""Which codes are valid."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.verification_codes import derive_verification_code
from workers.booking.domain.code import is_current_code

SECRET = b"a secret of the deployment"


def code(number, appointment="appointment", secret=SECRET):
    return derive_verification_code(secret, appointment, number)


@pytest.mark.parametrize("layout", ["{}", " {} ", "{0[0]} {0[1]}{0[2]}-{0[3]}{0[4]}.{0[5]}", "{}\n", "–{}"])
def test_separators_in_a_code_are_ignored(layout):
    """Visitors type codes in groups and paste them with spaces."""
    assert is_current_code(SECRET, "appointment", 1, layout.format(code(1)))


@pytest.mark.parametrize(
    "zero", ["０", "٠", "۰", "०", "𝟎", "𝟘", "𝟶"], ids=["wide", "Arabic", "Persian", "Hindi", "bold", "double", "mono"]
)
def test_a_code_may_be_typed_in_the_digits_of_any_script(zero):
    """A keyboard writes the digits of its language."""
    written = "".join(chr(ord(zero) + int(digit)) for digit in code(1))
    assert is_current_code(SECRET, "appointment", 1, written)
    assert is_current_code(SECRET, "appointment", 1, f"\u2067{written[:3]}\u200b{written[3:]}\u2069")


@pytest.mark.parametrize("layout", ["code: {}", "{}, 15 min", "Kod:{}!", "«{}»"])
def test_a_code_is_found_in_a_pasted_sentence(layout):
    """Visitors copy more of a message than its code."""
    assert is_current_code(SECRET, "appointment", 1, layout.format(code(1)))


@pytest.mark.parametrize("sends", range(5))
def test_only_the_latest_code_is_valid(sends):
    """A newer code invalidates the older ones; before the first send no code is valid."""
    counting = [number for number in range(6) if is_current_code(SECRET, "appointment", sends, code(number))]
    assert counting == ([sends] if sends else [])


@pytest.mark.parametrize("given_code", ["", "000000", "12345", "1234567", "abcdef", "ą" * 6, "\ud800", "١٢٣٤٥٦"])
def test_other_text_does_not_match(given_code):
    """Any text may be typed; it is compared and does not match."""
    assert not is_current_code(SECRET, "appointment", 1, given_code)


def test_a_code_belongs_to_one_appointment_and_one_secret():
    """A code of another appointment or of another deployment is wrong."""
    assert not is_current_code(SECRET, "appointment", 1, code(1, appointment="another"))
    assert not is_current_code(SECRET, "appointment", 1, code(1, secret=b"another secret"))


@given(appointment=st.text("0123456789abcdefghijklmnopqrstuv", min_size=8, max_size=64), sends=st.integers(1, 3))
def test_every_latest_code_matches(appointment, sends):
    """Sender and checker derive the same code, leading zeros included."""
    assert is_current_code(SECRET, appointment, sends, code(sends, appointment=appointment))
