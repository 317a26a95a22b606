"""The chance of guessing a code, counted over all possible codes."""

import hmac
from collections import Counter
from fractions import Fraction

import pytest

from shared.verification_codes import CODE_DIGITS, derive_verification_code
from workers.booking.domain.code import is_current_code
from workers.booking.domain.decisions import MAX_CODES_PER_HOLD, MAX_WRONG_CODES

SECRET = b"a secret of the deployment"
CODES = 10**CODE_DIGITS
PROMISED = Fraction(5, 1_000_000)
HOLDS = 60_000


def code_of(number, sends=1):
    """Return the code of one of many appointments; their ids are fixed, so the test has no random input."""
    return derive_verification_code(SECRET, f"{number:032x}", sends)


@pytest.mark.parametrize("step", [17, pytest.param(1, marks=pytest.mark.soak)])
def test_of_a_million_guesses_one_is_right(step):
    """After all resends, possible codes are tried: only the latest one matches."""
    latest = derive_verification_code(SECRET, "appointment", MAX_CODES_PER_HOLD)
    guesses = (f"{number:0{CODE_DIGITS}}" for number in range(int(latest) % step, CODES, step))
    assert [guess for guess in guesses if is_current_code(SECRET, "appointment", MAX_CODES_PER_HOLD, guess)] == [latest]


def test_no_code_is_likelier_than_another():
    """64 bits can't be divided evenly by a million, but the most frequent code gains almost nothing."""
    favoured = Fraction(-(-(2**64) // CODES), 2**64)
    assert favoured * MAX_WRONG_CODES <= PROMISED * (1 + Fraction(1, 10**12))


@pytest.mark.exhaustive
def test_knowing_all_earlier_codes_does_not_help():
    """The codes that were most frequent for earlier holds match the next ones no more often than any others."""
    earlier = Counter(code_of(number) for number in range(HOLDS))
    best = {guess for guess, _ in earlier.most_common(MAX_WRONG_CODES)}
    opened = sum(code_of(number) in best for number in range(HOLDS, 2 * HOLDS))
    expected = HOLDS * PROMISED  # The expected number is 0.3; ten or more would happen once in a trillion runs.
    assert opened < expected + 9


@pytest.mark.exhaustive
def test_the_codes_of_one_hold_are_independent():
    """The first code reveals nothing about the second: all differences between them are about equally frequent."""
    bins = 1000
    differences = Counter(
        (int(code_of(number, 2)) - int(code_of(number, 1))) % CODES * bins // CODES for number in range(HOLDS)
    )
    expected = HOLDS / bins
    chi_square = sum((differences[index] - expected) ** 2 / expected for index in range(bins))
    # The mean is 999, the standard deviation 44.7; five deviations in both directions are allowed.
    assert 999 - 5 * 44.7 < chi_square < 999 + 5 * 44.7


def test_the_comparison_takes_constant_time(monkeypatch):
    """All six digits are compared, with the standard library's function that does not stop at the first difference."""
    compared = []

    def spy(ours, theirs):
        compared.append((ours, theirs))
        return ours == theirs

    monkeypatch.setattr(hmac, "compare_digest", spy)
    right = derive_verification_code(SECRET, "appointment", 1)
    last, first = (f"{(int(right[index]) + 5) % 10}" for index in (5, 0))
    guesses = [right, right[:5] + last, first + right[1:]]
    for guess in guesses:
        assert is_current_code(SECRET, "appointment", 1, guess) is (guess == right)
    assert compared == [(right, guess) for guess in guesses]


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "",
            " ",
            "-",
            "code",
            "12345",
            "1234567",
            "1" * 16,
            "12345x",
            "x12345",
            "12 34 5",
            "yes please",
            "\ud800",
            "١٢٣",
        ),
        *("123456,654321", "123456/123456", "1234.56.7", "¹²³⁴⁵"),
    ],
)
def test_a_text_that_holds_no_code_is_not_compared(typed, monkeypatch):
    """So it costs no attempt; two codes in one text are none, or an attempt would try both."""
    monkeypatch.setattr(hmac, "compare_digest", None)
    assert is_current_code(SECRET, "appointment", 1, typed) is None
