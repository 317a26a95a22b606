"""Telemetry: what is counted and timed goes to the dashboard once a minute, summed up."""

import asyncio
import io
import json
import threading

import pytest

from shared.consumer.telemetry import Telemetry
from shared.emf import EmfMetrics
from tests.fakes.clock import FakeClock
from tests.fakes.figures import FakeMetrics, Figure
from tests.fakes.turned_loop import run_turned

QUEUE = (("Queue", "chat.fifo"),)


@pytest.fixture
def metrics():
    return FakeMetrics()


@pytest.fixture
def telemetry(metrics):
    return Telemetry(metrics, queue="chat.fifo", in_flight=lambda: 0)


def figures(metrics, name):
    return [figure for figure in metrics.figures if figure.name == name]


def test_each_way_to_end_is_a_count(metrics, telemetry):
    """With the disposition as a dimension, beside the queue."""
    for disposition in ("ack", "ack", "retry"):
        telemetry.record_delivery(disposition, seconds=0.1, lag_seconds=1)
    telemetry.flush()
    assert figures(metrics, "Deliveries") == [
        Figure("Deliveries", 2, "count", (("Disposition", "ack"), *QUEUE)),
        Figure("Deliveries", 1, "count", (("Disposition", "retry"), *QUEUE)),
    ]


def test_times_are_in_milliseconds(metrics, telemetry):
    """How long the handler took, and how long the message had waited; clocks that differ make no wait below zero."""
    telemetry.record_delivery("ack", seconds=0.25, lag_seconds=2)
    telemetry.record_delivery("ack", seconds=0.5, lag_seconds=-0.3)
    telemetry.flush()
    assert [figure.value for figure in figures(metrics, "HandlerTime")] == [250, 500]
    assert [figure.value for figure in figures(metrics, "ReceiveLag")] == [2000, 0]
    assert {figure.dimensions for figure in figures(metrics, "ReceiveLag")} == {QUEUE}


def test_a_wait_that_nobody_knows_is_left_out(metrics, telemetry):
    """Not every delivery says when it was sent."""
    telemetry.record_delivery("ack", seconds=0.1, lag_seconds=None)
    telemetry.flush()
    assert figures(metrics, "ReceiveLag") == []
    assert len(figures(metrics, "HandlerTime")) == 1


def test_every_flush_begins_anew(metrics, telemetry):
    """What was handed over once is not handed over again."""
    telemetry.record_delivery("ack", seconds=0.1, lag_seconds=1)
    telemetry.record_extensions(3)
    telemetry.record_lost_lease()
    telemetry.flush()
    del metrics.figures[:]
    telemetry.flush()
    assert metrics.figures == [Figure("InFlight", 0, "count", QUEUE)]


def test_leases_are_counted(metrics, telemetry):
    """Extensions by the number of messages, losses one by one."""
    telemetry.record_extensions(10)
    telemetry.record_extensions(0)
    telemetry.record_extensions(4)
    telemetry.record_lost_lease()
    telemetry.record_lost_lease()
    telemetry.flush()
    assert metrics.total("LeaseExtensions") == 14
    assert metrics.total("LeasesLost") == 2


def test_in_flight_is_the_number_at_the_flush(metrics, telemetry):
    """Also when it is nothing: a line that ends would look like a worker that died."""
    in_hand = []
    telemetry.in_flight = lambda: len(in_hand)
    telemetry.flush()
    in_hand += "abc"
    telemetry.flush()
    assert [figure.value for figure in figures(metrics, "InFlight")] == [0, 3]


def test_without_a_pool_nothing_is_in_flight(metrics):
    """After a batch on Lambda it is always nothing, and each metric costs money."""
    Telemetry(metrics, queue="chat.fifo").flush()
    assert metrics.figures == []


def test_many_values_are_a_fair_sample(metrics, telemetry):
    """No more than one line carries; which ones is a matter of chance, not of who came first or last."""
    for number in range(10_000):
        telemetry.record_delivery("ack", seconds=number / 1000, lag_seconds=None)
    telemetry.flush()
    values = [round(figure.value) for figure in figures(metrics, "HandlerTime")]
    assert len(values) == len(set(values)) == 100
    assert set(values) <= set(range(10_000))
    # Eight standard deviations of a mean of a hundred: chance does not fail this in the age of the universe.
    assert sum(values) / 100 == pytest.approx(5000, abs=8 * 289)
    assert metrics.total("Deliveries") == 10_000


def test_few_values_are_all_there(metrics, telemetry):
    """Up to a hundred nothing is left to chance."""
    for number in range(100):
        telemetry.record_delivery("ack", seconds=number / 1000, lag_seconds=None)
    telemetry.flush()
    assert [round(figure.value) for figure in figures(metrics, "HandlerTime")] == list(range(100))


def test_a_line_takes_no_more_values_than_cloudwatch():
    """A flush is a handful of lines, however many messages there were."""
    stream = io.StringIO()
    metrics = EmfMetrics(clock=FakeClock(), stream=stream)
    telemetry = Telemetry(metrics, queue="chat.fifo", in_flight=lambda: 0)
    for _ in range(5_000):
        telemetry.record_delivery("ack", seconds=0.1, lag_seconds=0.2)
    telemetry.flush()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(lines) == 4
    assert max(len(value) for line in lines for value in line.values() if isinstance(value, list)) == 100


def test_counting_from_another_thread_loses_nothing(metrics, telemetry):
    """The lease keeper counts on its own thread, while the loop flushes."""

    def keep():
        for _ in range(2_000):
            telemetry.record_extensions(1)
            telemetry.record_lost_lease()

    threads = [threading.Thread(target=keep) for _ in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        telemetry.flush()
    telemetry.flush()
    assert metrics.total("LeaseExtensions") == 6_000
    assert metrics.total("LeasesLost") == 6_000


def test_without_metrics_it_only_counts():
    """A test reads the dispositions, and flushing works."""
    telemetry = Telemetry()
    telemetry.record_delivery("ack", seconds=0.1, lag_seconds=1)
    assert telemetry.dispositions == {"ack": 1}
    telemetry.flush()
    assert telemetry.dispositions == {}


def test_it_flushes_once_a_minute(metrics, telemetry):
    """For as long as it runs."""

    async def live():
        running = asyncio.create_task(telemetry.run())
        await asyncio.sleep(59)
        assert metrics.figures == []
        await asyncio.sleep(125)
        running.cancel()
        await asyncio.wait([running])

    run_turned(live())
    assert len(figures(metrics, "InFlight")) == 3
