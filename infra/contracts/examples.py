"""Reads the examples of the messages."""

import functools
from pathlib import Path
from typing import cast

import yaml

from infra.contracts.schemas import Family, Json

_FILE = Path(__file__).parent / "examples.yaml"


def list_examples(family: Family) -> list[Json]:
    """Return a family's examples in the order of the file."""
    return _read_examples()[family.name]


def list_examples_of_type(family: Family, kind: str) -> list[Json]:
    """Return the examples of one `type`."""
    return [example for example in list_examples(family) if example["type"] == kind]


@functools.cache
def _read_examples() -> dict[str, list[Json]]:
    return cast("dict[str, list[Json]]", yaml.load(_FILE.read_text(encoding="utf-8"), yaml.CSafeLoader))
