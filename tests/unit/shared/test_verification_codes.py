"""That codes are six digits, the same for all who know the secret, and different for all else."""

from collections import Counter

import pytest

from shared.verification_codes import derive_verification_code


def test_a_code_stays_the_same_over_releases():
    """A code that is in somebody's mailbox must still be right after a deployment."""
    assert derive_verification_code(b"secret", "0123456789abcdef", 1) == "189313"
    assert derive_verification_code(b"secret", "0123456789abcdef", 2) == "805201"


def test_a_code_is_six_digits_with_leading_zeros():
    """Over many appointments all lengths are six, and every digit leads about equally often."""
    codes = [derive_verification_code(b"secret", f"appointment{number}", 1) for number in range(5000)]

    assert all(len(code) == 6 and code.isdecimal() and code.isascii() for code in codes)
    leading = Counter(code[0] for code in codes)
    assert set(leading) == set("0123456789")
    assert all(400 < count < 600 for count in leading.values())


def test_an_empty_secret_is_refused():
    """Without a secret anyone could compute every code."""
    with pytest.raises(ValueError, match="needs a secret"):
        derive_verification_code(b"", "appointment", 1)
