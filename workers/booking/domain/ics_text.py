"""Makes the texts of visitors and owners fit for a calendar file."""

from shared.typed_names import is_unsafe_character

_NOT_IN_QUEUES = frozenset("\ufffe\uffff")
"""A queue refuses messages with these (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html)."""


def flatten_text(text: str) -> str:
    """Return the text as one line, without control characters."""
    return " ".join(remove_control_characters(text).split())


def remove_control_characters(text: str) -> str:
    """Return the text with LF as its only line break and no other control characters.

    The library escapes line breaks, but knows only CR and LF; some readers also break lines at other characters.
    """
    plain = "\n".join(text.splitlines())
    return "".join(char for char in plain if char == "\n" or not _is_removed(char))


def _is_removed(char: str) -> bool:
    return char in _NOT_IN_QUEUES or is_unsafe_character(char)
