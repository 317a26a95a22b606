"""The page about data lists the tables, keys and kinds of rows of the template and the code."""

import json
from pathlib import Path

from tests.infra.resources import TABLES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
ROWS = json.loads((ROOT / "tests/compatibility/fixtures/rows.json").read_text(encoding="utf-8"))["rows"]


def cells(section):
    """Yield the rows of the table below a heading, without its header."""
    [text] = [part for part in PAGE.removeprefix("# ").split("\n## ") if part.startswith((section, f"`{section}`"))]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    for line in lines[2:]:
        yield [cell.strip().strip("`") for cell in line.strip("|").split("|")]


def shape(key):
    """Return the kind of a key and the number of its other parts: `("day", 2)` for `day#TENANT#DATE`."""
    kind, *parts = key.split("#")
    return kind, len(parts)


def test_every_table_is_there_with_its_keys():
    """The tables and keys on the page are those of the template."""
    templates = {
        name.removesuffix("Table").lower(): [key["AttributeName"] for key in table["Properties"]["KeySchema"]]
        for name, table in TABLES.items()
    }
    assert {name: [key for key in keys if key] for name, *keys, _ in cells("Data")} == templates


def test_every_kind_of_row_in_limits_is_there():
    """The page lists exactly the kinds of rows that the code has written; some came later than the stored rows."""
    stored = {shape(row["quota"]["S"]) for row in ROWS["LimitsTable"]}
    later = {("circuits", 0), ("confirmed", 2), ("held", 3), ("rate", 2), ("rate", 3)}
    later |= {("sms", 2), ("visits-address", 1), ("visits-contact", 1)}
    assert {shape(key) for key, *_ in cells("limits")} == stored | later


def test_the_kinds_of_rows_in_slots_and_conversations_are_there():
    """The slots include the grids of days, and the conversations audit entries with negative numbers."""
    slots = {"#grid" if row["bucket"]["S"] == "#grid" else "START#RESOURCE" for row in ROWS["SlotsTable"]}
    assert {bucket for _, bucket, _ in cells("slots")} == slots
    assert any(int(row["seq"]["N"]) < 0 and "story" in row for row in ROWS["ConversationsTable"])
    assert any(row[0].startswith("minus") for row in cells("conversations"))
