"""Shortens texts to a number of estimated tokens."""

from shared.language_models.tokens import BYTES_PER_TOKEN

_GAP = " […] "


def shorten_text(text: str, max_tokens: int) -> str:
    """Return a text of at most `max_tokens` estimated tokens: its beginning and its end, if it has more."""
    content = text.encode(errors="replace")
    room = max_tokens * BYTES_PER_TOKEN - len(_GAP.encode())
    if len(content) <= max_tokens * BYTES_PER_TOKEN:
        return text
    end = room // 4
    first, last = content[: room - end], content[len(content) - end :]
    return f"{first.decode(errors='ignore')}{_GAP}{last.decode(errors='ignore')}"
