"""Normalizes numbers and addresses as visitors type or paste them.

This happens when a command is processed, not when it is read from its queue: the fingerprint of a stored command is
that of the text as it was sent.
"""

import unicodedata

_JOINERS = "\u200c\u200d"
"""Format characters that distinguish domains of some scripts (RFC 5892, appendix A)."""


def normalize_typed_text(text: str) -> str:
    """Return the text in compatibility form (NFKC), with the digits of all scripts as 0-9.

    Format characters, which are invisible and copied along with a text, are removed.
    """
    if text.isascii():
        return text
    visible = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return "".join(map(_to_ascii_digit, unicodedata.normalize("NFKC", visible)))


def normalize_typed_address(text: str) -> str:
    """Return an e-mail address with its mailbox normalized like other text.

    In the domain, digits of other scripts and joiners stay: without them it would be another domain.
    """
    mailbox, at, domain = unicodedata.normalize("NFKC", text).rpartition("@")
    domain = "".join(char for char in domain if char in _JOINERS or unicodedata.category(char) != "Cf")
    return (normalize_typed_text(mailbox) + at + domain).strip()


def _to_ascii_digit(character: str) -> str:
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)
