"""Payloads are closed with the newest key and opened with any."""

import pytest

from shared.aws.ledger.payload_cipher import PayloadCipher, UnreadablePayloadError
from shared.errors import ConfigurationError

OLD, NEW = "o" * 64, "n" * 64
PAYLOAD = '{"contact": "anna@example.com", "name": "Ż\ud800\x00"}'


def test_an_encrypted_payload_is_decrypted_and_unreadable_before():
    """Whatever the text is made of; the same one looks different each time."""
    cipher = PayloadCipher([NEW])
    encrypted = cipher.encrypt(PAYLOAD)
    assert cipher.decrypt(encrypted) == PAYLOAD
    assert b"anna" not in encrypted
    assert cipher.encrypt(PAYLOAD) != encrypted


def test_a_new_key_still_decrypts_what_an_old_one_encrypted():
    """Keys are turned over without a day on which nothing can be read."""
    before, turning, after = PayloadCipher([OLD]), PayloadCipher([OLD, NEW]), PayloadCipher([NEW])
    assert turning.decrypt(before.encrypt(PAYLOAD)) == PAYLOAD
    assert after.decrypt(turning.encrypt(PAYLOAD)) == PAYLOAD
    with pytest.raises(UnreadablePayloadError):
        after.decrypt(before.encrypt(PAYLOAD))


def test_a_changed_payload_is_not_decrypted():
    """Whoever can write to the table can't put words into a visitor's mouth."""
    cipher = PayloadCipher([NEW])
    encrypted = bytearray(cipher.encrypt(PAYLOAD))
    encrypted[20] ^= 1
    for changed in (bytes(encrypted), encrypted[:-1], b"", b"{}"):
        with pytest.raises(UnreadablePayloadError):
            cipher.decrypt(bytes(changed))


@pytest.mark.parametrize("keys", [[], [""], ["short"], [NEW, "short"]])
def test_a_key_that_could_be_guessed_is_refused(keys):
    """A secret that was made by hand, and badly."""
    with pytest.raises(ConfigurationError):
        PayloadCipher(keys)
