"""Which texts a queue takes: SQS refuses a message with any other character.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""

import re
from typing import Any

_REFUSED = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def is_queueable(value: Any) -> bool:
    """Return whether SQS takes every text in a value of JSON, keys of objects included."""
    match value:
        case str():
            return not _REFUSED.search(value)
        case list():
            return all(map(is_queueable, value))
        case dict():
            return all(map(is_queueable, (*value, *value.values())))
        case _:
            return True


def remove_unqueueable(text: str) -> str:
    """Return a text without the characters that SQS refuses."""
    return _REFUSED.sub("", text)


def find_unqueueable(text: str) -> str | None:
    """Return the first character that SQS refuses, or None."""
    found = _REFUSED.search(text)
    return found[0] if found else None
