"""Reads the fixtures: what the release of commit 4ed9a06 stored, queued and gave away."""

import base64
import json
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parent / "fixtures"


def fixture(name: str) -> Any:
    """Return the content of `fixtures/<name>.json`."""
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


def stored_rows() -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each table, as DynamoDB's client takes them."""
    return {table: [with_bytes(row) for row in rows] for table, rows in fixture("rows")["rows"].items()}


def with_bytes(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its binary attributes as bytes."""
    return {
        name: {"B": base64.b64decode(attribute["B"])} if "B" in attribute else attribute
        for name, attribute in row.items()
    }
