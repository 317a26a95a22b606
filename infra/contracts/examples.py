"""Reads the examples of the messages."""

from pathlib import Path
from typing import cast

import yaml

from infra.contracts.schemas import Family, Json

_FILE = Path(__file__).parent / "examples.yaml"


def examples(family: Family) -> list[Json]:
    """Return a family's examples in the order of the file."""
    return cast("dict[str, list[Json]]", yaml.safe_load(_FILE.read_text(encoding="utf-8")))[family.name]


def examples_of(family: Family, kind: str) -> list[Json]:
    """Return the examples of one `type`."""
    return [example for example in examples(family) if example["type"] == kind]
