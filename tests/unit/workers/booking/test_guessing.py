"""What a guess at a code is worth, counted over every code that there is."""

import hmac
from collections import Counter
from fractions import Fraction

import pytest

from shared.codes import CODE_DIGITS, verification_code
from workers.booking.domain.code import code_matches
from workers.booking.domain.decisions import MAX_ATTEMPTS, MAX_SENDS

SECRET = b"a secret of the deployment"
CODES = 10**CODE_DIGITS
PROMISED = Fraction(5, 1_000_000)
HOLDS = 150_000


def code_of(number, sends=1):
    """Return the code of one of many appointments; which they are never changes, so nothing here is left to chance."""
    return verification_code(SECRET, f"{number:032x}", sends)


@pytest.mark.parametrize("step", [17, pytest.param(1, marks=pytest.mark.soak)])
def test_of_a_million_guesses_one_is_right(step):
    """After all the resends that there are, six digits that can be typed are tried: the latest code alone fits."""
    latest = verification_code(SECRET, "appointment", MAX_SENDS)
    guesses = (f"{number:0{CODE_DIGITS}}" for number in range(int(latest) % step, CODES, step))
    assert [guess for guess in guesses if code_matches(SECRET, "appointment", MAX_SENDS, guess)] == [latest]


def test_no_code_is_likelier_than_another():
    """64 bits are not shared out evenly among a million, but the most favoured code gains nothing to speak of."""
    favoured = Fraction(-(-(2**64) // CODES), 2**64)
    assert favoured * MAX_ATTEMPTS <= PROMISED * (1 + Fraction(1, 10**12))


def test_knowing_every_code_so_far_does_not_help():
    """The guesses that would have opened most of the earlier holds open as few of the next as any others would."""
    earlier = Counter(code_of(number) for number in range(HOLDS))
    best = {guess for guess, _ in earlier.most_common(MAX_ATTEMPTS)}
    opened = sum(code_of(number) in best for number in range(HOLDS, 2 * HOLDS))
    expected = HOLDS * PROMISED  # 0.75; ten or more would happen once in a hundred million tries
    assert opened < expected + 9


def test_the_codes_of_one_hold_do_not_give_each_other_away():
    """Who knows the first code knows nothing of the second: every difference between them is about as frequent."""
    bins = 1000
    differences = Counter(
        (int(code_of(number, 2)) - int(code_of(number, 1))) % CODES * bins // CODES for number in range(HOLDS)
    )
    expected = HOLDS / bins
    chi_square = sum((differences[place] - expected) ** 2 / expected for place in range(bins))
    assert 999 - 5 * 44.7 < chi_square < 999 + 5 * 44.7  # its mean and standard deviation, five of them either way


def test_the_comparison_takes_as_long_for_every_guess(monkeypatch):
    """All six digits are compared, in the way of the standard library that does not stop at the first difference."""
    compared = []

    def spy(ours, theirs):
        compared.append((ours, theirs))
        return ours == theirs

    monkeypatch.setattr(hmac, "compare_digest", spy)
    right = verification_code(SECRET, "appointment", 1)
    for guess in (right, right[:5] + "x", "x" + right[1:], "", "1" * 16):
        assert code_matches(SECRET, "appointment", 1, guess) is (guess == right)
    assert compared == [
        (right.encode(), guess.encode()) for guess in (right, right[:5] + "x", "x" + right[1:], "", "1" * 16)
    ]
