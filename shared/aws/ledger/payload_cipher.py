"""Keeps the payloads of failures unreadable for whoever may read the table alone."""

import base64
import zlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.errors import ConfigurationError

_PURPOSE = b"payloads of the ledger of failures"
_LEAST_CHARACTERS = 32
_SURROGATES = "surrogatepass"
"""A body that is no good text is kept as it came."""


class UnreadablePayloadError(Exception):
    """No available key decrypts the payload."""


class PayloadCipher:
    """Authenticated encryption (Fernet, https://github.com/fernet/spec) of texts, compressed first.

    New payloads are encrypted with the newest key, and every key decrypts what was encrypted with it. Keys are derived
    from the secret's texts (HKDF, RFC 5869), so those need no form of their own.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        """Take the secrets, the newest last.

        Raises:
            ConfigurationError: there is none, or one is short enough to be guessed.
        """
        if not keys or any(len(key) < _LEAST_CHARACTERS for key in keys):
            raise ConfigurationError(
                f"the ledger's secret wants one key or more, of {_LEAST_CHARACTERS} characters at the least"
            )
        self._fernet = MultiFernet([_build_fernet(key) for key in reversed(keys)])

    def encrypt(self, payload: str) -> bytes:
        """Return the payload as it may be stored."""
        token = self._fernet.encrypt(zlib.compress(payload.encode(errors=_SURROGATES)))
        return base64.urlsafe_b64decode(token)

    def decrypt(self, stored: bytes) -> str:
        """Return the payload.

        Raises:
            UnreadablePayloadError: its key is not among ours, or somebody changed it.
        """
        try:
            content = self._fernet.decrypt(base64.urlsafe_b64encode(stored))
        except InvalidToken as error:
            raise UnreadablePayloadError from error
        return zlib.decompress(content).decode(errors=_SURROGATES)


def _build_fernet(key: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
