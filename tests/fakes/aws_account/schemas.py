"""What AWS publishes about resource types (cfn-lint carries these schemas): identifiers, replacement, tags."""

import functools
import json
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

# Found without an import of cfn-lint, which takes a tenth of the time in which all tests are collected.
_FOLDER = Path(str(distribution("cfn-lint").locate_file("cfnlint/data/schemas")))


@functools.cache
def _names() -> dict[str, str]:
    names: dict[str, str] = json.loads((_FOLDER / "providers" / "eu-central-1.json").read_text(encoding="utf-8"))
    return names


@functools.cache
def schema(kind: str) -> dict[str, Any]:
    """Return the schema of a type such as AWS::DynamoDB::Table."""
    text = (_FOLDER / "resources" / f"{_names()[kind]}.json").read_text(encoding="utf-8")
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def identifier(kind: str) -> tuple[str, ...]:
    """Return the properties that identify a resource."""
    return tuple(path.removeprefix("/properties/") for path in schema(kind)["primaryIdentifier"])


def is_replaced(kind: str, name: str) -> str:
    """Return whether a change of a property makes a new resource: True, False or Conditional."""
    paths = {"True": "createOnlyProperties", "Conditional": "conditionalCreateOnlyProperties"}
    for answer, key in paths.items():
        if any(path.split("/")[2] == name for path in schema(kind).get(key, ())):
            return answer
    return "False"


def takes_tags(kind: str) -> bool:
    """Return whether CloudFormation copies the tags of a stack to resources of the type."""
    return bool(schema(kind).get("tagging", {}).get("taggable", True))
