"""A payload's `data` as a text to edit: YAML, in which every value is a text, so that a code keeps its zeros."""

from collections.abc import Mapping
from typing import Any

import yaml

from shared.ledger.failures import Failure


class NotDataError(ValueError):
    """The text is no YAML or JSON object; the message says where."""


def to_text(data: Mapping[str, Any], failure: Failure) -> str:
    """Return the data for an editor, below comments that say what it is."""
    comments = [
        f"The data of {failure.type} {failure.failure_id}.",
        "Business, conversation and id stay as they are. A field without a value counts as not given.",
        "Save and close to keep the change; an unchanged or empty file changes nothing.",
    ]
    body = yaml.safe_dump(dict(data), allow_unicode=True, sort_keys=False, width=1000, default_flow_style=False)
    return "".join(f"# {line}\n" for line in comments) + body


def from_text(text: str) -> dict[str, Any]:
    """Return the data of a YAML or JSON text.

    Raises:
        NotDataError: it is none.
    """
    try:
        content = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - makes texts, lists and mappings, nothing else
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "the text"
        raise NotDataError(f"{where} is no YAML: {getattr(error, 'problem', None) or 'unreadable'}") from None
    if not isinstance(content, dict):
        raise NotDataError("an object is wanted: lines such as `contact: ann@example.com`, or JSON in braces")
    return {str(name): value for name, value in content.items()}
