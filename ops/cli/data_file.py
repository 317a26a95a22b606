"""Writes a payload's `data` as YAML for an editor and reads it back; every value is text, so codes keep their zeros."""

from collections.abc import Mapping
from typing import Any

import yaml

from shared.ledger.failures import Failure


class NotDataError(ValueError):
    """The text is not a YAML or JSON object; the message says where."""


def render_data_file(data: Mapping[str, Any], failure: Failure) -> str:
    """Return the data as YAML, below comments that explain it."""
    comments = [
        f"The data of {failure.type} {failure.failure_id}.",
        "The business, the conversation and the id can't be changed. A field without a value counts as not given.",
        "Save and close to store the change; an unchanged or empty file changes nothing.",
    ]
    body = yaml.safe_dump(dict(data), allow_unicode=True, sort_keys=False, width=1000, default_flow_style=False)
    return "".join(f"# {line}\n" for line in comments) + body


def parse_data_file(text: str) -> dict[str, Any]:
    """Return the data of a YAML or JSON text.

    Raises:
        NotDataError: the text is not a YAML or JSON object.
    """
    try:
        content = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - creates only texts, lists and mappings
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "the text"
        raise NotDataError(f"{where} is not YAML: {getattr(error, 'problem', None) or 'unreadable'}") from None
    if not isinstance(content, dict):
        raise NotDataError("an object is expected: lines such as `contact: ann@example.com`, or a JSON object")
    return {str(name): value for name, value in content.items()}
