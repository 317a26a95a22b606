"""The contract of the records of circuits, in memory and in the table."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.aws.circuit_records import DynamoCircuitRecords
from shared.circuits.breaker import CircuitState
from shared.circuits.ports import CircuitRecord
from shared.ids import new_id
from shared.retention import CIRCUIT_RETENTION
from tests.fakes.circuits import FakeCircuitRecords


@pytest.fixture(params=["memory", "dynamodb"])
def records(request, clock):
    if request.param == "memory":
        return FakeCircuitRecords(clock)
    return DynamoCircuitRecords(client=request.getfixturevalue("dynamodb"), table="LimitsTable", clock=clock)


async def test_each_process_has_its_own_circuits(records, clock):
    """The latest state of each; open ones first. A row is over after an hour."""
    worker = f"booking {new_id()}"
    opened = CircuitRecord(worker, "google_calendar", "a***@e***.com", CircuitState.OPEN, clock.now())
    whole = replace(opened, dependency="google", circuit="")
    other = replace(opened, process=f"{worker} 2")
    for record in (opened, whole, other, replace(opened, state=CircuitState.CLOSED)):
        await records.put(record)

    async def list_own():
        return [record for record in await records.list_recent() if record.process.startswith(worker)]

    assert await list_own() == [whole, other, replace(opened, state=CircuitState.CLOSED)]
    clock.advance(CIRCUIT_RETENTION + timedelta(seconds=1))
    assert await list_own() == []
