"""Fills the emulator's tables with the rows of the fixtures."""

import pytest

from tests.compatibility.fixtures_of_release import stored_rows
from tests.compatibility.rows.tables import Tables
from tests.contracts.stores.template import resources
from tests.fakes.clock import FakeClock

ROWS = stored_rows()


@pytest.fixture
def tables(emulator, dynamodb):
    """Return the real adapters, at the time at which the rows were written."""
    return Tables(dynamodb, emulator.client("dynamodb"), FakeClock())


@pytest.fixture(scope="module")
def stored(emulator):
    """Put the rows into the tables, for the tests of a file that change none of them."""
    client = emulator.client("dynamodb")
    put_back(client)
    yield
    remove(client)


@pytest.fixture
def changing(emulator, stored):
    """Let a test change the rows; they are as they were after it."""
    yield
    put_back(emulator.client("dynamodb"))


@pytest.fixture
def no_rows(emulator):
    """Let a test begin, and end, without any of the rows."""
    client = emulator.client("dynamodb")
    remove(client)
    yield
    remove(client)


def put_back(client):
    """Put every row into its table, and nothing else of what tests have written around them."""
    remove(client)
    for table, rows in ROWS.items():
        write(client, table, [{"PutRequest": {"Item": row}} for row in rows])


def remove(client):
    """Remove the rows, and whatever a test has written beside them."""
    for table, rows in ROWS.items():
        names = keys_of(table)
        known = [{name: row[name] for name in names} for row in rows]
        pages = client.get_paginator("scan").paginate(TableName=table)
        keys = [
            {name: item[name] for name in names}
            for page in pages
            for item in page["Items"]
            if "kept-" in str(item) or {name: item[name] for name in names} in known
        ]
        write(client, table, [{"DeleteRequest": {"Key": key}} for key in keys])


def write(client, table, requests):
    for start in range(0, len(requests), 25):
        client.batch_write_item(RequestItems={table: requests[start : start + 25]})


def keys_of(table):
    """Return the names of a table's key attributes."""
    schema = resources("AWS::DynamoDB::Table")[table]["KeySchema"]
    return [key["AttributeName"] for key in schema]
