"""Formats exceptions for the log, without texts of library errors, which may repeat what a visitor wrote."""

import traceback

from shared.errors import describe_error


def format_traceback(error: BaseException) -> str:
    """Return the traceback of the whole chain, oldest error first.

    The texts of our own errors contain no personal data, and are included.
    """
    blocks: list[str] = []
    current: BaseException | None = error
    seen: set[int] = set()
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        blocks.append("".join(traceback.format_tb(current.__traceback__)) + _describe_error_or_group(current))
        is_hidden = current.__suppress_context__
        current = current.__cause__ or (None if is_hidden else current.__context__)
    return "\n\nwhich led to\n\n".join(reversed(blocks))


def _describe_error_or_group(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return f"{type(error).__name__} of {', '.join(_describe_error_or_group(member) for member in error.exceptions)}"
    return describe_error(error)
