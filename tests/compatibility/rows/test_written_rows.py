"""Rows are written as the previous release wrote them: during a rollout it reads them."""

import json
from collections import defaultdict

import pytest

from shared.aws.items import from_item
from tests.compatibility.frozen_names import missing
from tests.compatibility.rows.conftest import ROWS, keys_of
from tests.compatibility.rows.tables import key_of
from tests.compatibility.rows.writing import write_all
from tests.compatibility.rows.writing_failures import failure

DRAWN = {"owner", "payload", "number"}
"""Random or encrypted attributes: only their presence is compared."""
UNORDERED = {"LimitsTable"}
"""Tables with a random part in the key: the number of a quota unit."""


def comparable(value):
    """Return plain values with what is drawn left out, and JSON texts as what they say."""
    if isinstance(value, dict):
        return {
            name: "drawn" if name in DRAWN else json.loads(inner) if name == "frame" else comparable(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return dict(enumerate(map(comparable, value)))
    return value


def by_key(table, rows):
    """Return rows by their keys; those of a quota's units by who has them."""
    found = {}
    for row in map(from_item, rows):
        if table in UNORDERED:
            key = (row["quota"], row.pop("seat") if "taker" not in row else row["taker"])
            row.pop("seat", None)
        else:
            key = tuple(str(row[name]) for name in keys_of(table))
        found[" ".join(map(str, key))] = comparable(row)
    return found


@pytest.fixture
async def written(emulator, tables, no_rows):
    """Return every row that the scenario writes, by table."""
    await write_all(tables)
    client = emulator.client("dynamodb")
    rows = defaultdict(list)
    for table in ROWS:
        for page in client.get_paginator("scan").paginate(TableName=table):
            rows[table] += page["Items"]
    return rows


def is_split(row):
    """Whether a row is of the failure whose payload was cut in two for the fixture."""
    return row["failure_id"]["S"].startswith(failure("long").failure_id)


async def test_every_row_is_written_as_before(written):
    """Attribute by attribute; a new one is no failure."""
    gone = []
    for table, rows in ROWS.items():
        kept = [row for row in rows if not (table == "FailuresTable" and is_split(row))]
        assert kept
        current = by_key(table, written[table])
        gone += missing({table: by_key(table, kept)}, {table: current})
    assert gone == []
    assert key_of("running") in by_key("ProcessedTable", written["ProcessedTable"])
