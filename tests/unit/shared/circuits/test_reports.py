"""What operators hear of a circuit: a log line, a metric, and a row for other machines."""

import asyncio
from datetime import timedelta

from structlog.testing import capture_logs

from shared.circuits.breaker import BreakerPolicy, CircuitState
from shared.circuits.ports import CircuitRecord
from shared.circuits.reports import CircuitReports
from shared.errors import TransientError
from tests.fakes.circuits import FakeCircuitRecords
from tests.fakes.clock import FakeClock
from tests.fakes.figures import FakeMetrics

POLICY = BreakerPolicy(failures=1, calls=1)


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_circuit_that_opens_and_closes_is_reported():
    """Its key is shown as it may be; a trial is only counted."""
    clock, metrics, records = FakeClock(), FakeMetrics(), FakeCircuitRecords()
    reports = CircuitReports(metrics=metrics, clock=clock, process="booking host 1")
    reports.record_in(records)
    breaker = reports.open_breaker("calendar", POLICY, describe_key=lambda key: key[0] + "***")
    with capture_logs() as lines:
        breaker.record_failure("ania@example.com", 0)
        await settle()
        [opened] = records.rows
        assert opened == CircuitRecord("booking host 1", "calendar", "a***", CircuitState.OPEN, clock.now())
        clock.advance(timedelta(seconds=5))
        breaker.begin_call("ania@example.com", 5)
        breaker.record_success("ania@example.com", 6)
        await settle()
    [closed] = records.rows
    assert (closed.state, closed.recorded_at) == (CircuitState.CLOSED, clock.now())
    assert [(line["event"], line["circuit"]) for line in lines] == [
        ("circuit_opened", "a***"),
        ("circuit_closed", "a***"),
    ]
    assert [dict(figure.dimensions) for figure in metrics.figures] == [
        {"Dependency": "calendar", "State": state} for state in ("open", "half_open", "closed")
    ]


async def test_a_table_that_does_not_answer_delays_nothing():
    """The log has the change; the next one of any circuit is stored again."""
    records = FakeCircuitRecords()
    reports = CircuitReports(metrics=FakeMetrics(), clock=FakeClock(), process="p")
    reports.record_in(records)
    breaker = reports.open_breaker("calendar", POLICY)
    records.outage = TransientError("no table")
    with capture_logs() as lines:
        breaker.record_failure("one", 0)
        await settle()
    assert [line["event"] for line in lines] == ["circuit_opened", "circuit_not_stored"]
    records.outage = None
    breaker.record_failure("two", 0)
    await settle()
    assert [row.circuit for row in records.rows] == ["two"]


async def test_a_circuit_that_changes_while_another_row_is_stored_is_stored_last():
    """One row at a time, each with the latest state."""
    records = FakeCircuitRecords()
    reports = CircuitReports(metrics=FakeMetrics(), clock=FakeClock(), process="p")
    reports.record_in(records)
    breaker = reports.open_breaker("calendar", POLICY)
    records.answers.clear()
    breaker.record_failure("k", 0)
    await settle()
    breaker.record_success("k", 1)
    breaker.record_failure("k", 2)
    breaker.record_success("k", 3)
    records.answers.set()
    await settle()
    assert [row.state for row in records.rows] == [CircuitState.CLOSED]
    assert records.puts == 2
