"""Checks that an external text is a JSON object."""

import json
from collections.abc import Callable
from typing import Any


def parse_json_object(text: str | bytes, *, parse: Callable[..., Any] = json.loads) -> dict[str, Any] | None:
    """Return the object that a text spells in JSON; None if it is no JSON, nested too deeply, or another value."""
    try:
        content = parse(text)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
