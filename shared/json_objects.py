"""Checks that an external text is a JSON object."""

import json
from collections.abc import Callable
from typing import Any

_WHITE_SPACE = " \t\n\r"
"""JSON's own (https://www.rfc-editor.org/rfc/rfc8259#section-2)."""


def parse_json_object(text: str | bytes, *, parse: Callable[..., Any] = json.loads) -> dict[str, Any] | None:
    """Return the object that a text spells in JSON; None if it is no JSON, nested too deeply, or another value."""
    try:
        content = parse(text)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def is_json_array_or_null(text: str) -> bool:
    """Return whether a text spells an array or `null` in JSON; an array that is nested too deeply counts as one."""
    content = text.strip(_WHITE_SPACE)
    if not content.startswith("["):
        return content == "null"
    try:
        json.loads(content, parse_int=str, parse_constant=_refuse_constant)
    except RecursionError:
        return True
    except ValueError:
        return False
    return True


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
