"""The figures of queues: what waits, what is in work, what is dead, and how old the oldest is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest.mock import AsyncMock

import httpx2
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from ops.queues.figures import QueueAddress, QueueFigures
from ops.queues.sqs import CloudWatchAges, EmulatorAges, SqsQueueGauge
from shared.errors import PermanentError, TransientError
from shared.ids import new_id
from tests.contracts.stores.template import create_queue
from tests.fakes.clock import FakeClock

ANYTHING_BUT_NONE = (PermanentError, TransientError)


class NoAges:
    """`OldestAges` that knows nothing."""

    async def find_oldest_age(self, address):
        return None


@pytest.fixture
def address(emulator):
    blocking = emulator.client("sqs")
    mark = new_id()
    url = create_queue(blocking, "BookingQueue", name=f"gauge-{mark}")
    return QueueAddress("booking", url, create_queue(blocking, "BookingDeadLetters", name=f"gauge-{mark}-dlq"))


async def put(sqs, url, number):
    await sqs.send_message(
        QueueUrl=url, MessageBody="x", MessageGroupId=str(number), MessageDeduplicationId=str(number)
    )


async def test_counts(sqs, address):
    """Waiting, in work and dead are told apart; an empty queue's oldest is nothing, another's is unknown."""
    gauge = SqsQueueGauge(client=sqs, queues=[address], ages=NoAges())
    assert await gauge.read_figures() == [QueueFigures("booking", 0, 0, 0, 0.0)]
    for number in range(3):
        await put(sqs, address.url, number)
    await put(sqs, address.dead_letter_url, 1)
    await sqs.receive_message(QueueUrl=address.url, MaxNumberOfMessages=1, VisibilityTimeout=60)
    assert await gauge.read_figures() == [QueueFigures("booking", 2, 1, 1, None)]


async def test_a_queue_without_dead_letters_of_its_own(sqs, address):
    """Its own figures are there, and of the others it says nothing rather than 0."""
    gauge = SqsQueueGauge(client=sqs, queues=[replace(address, dead_letter_url=None)], ages=NoAges())
    await put(sqs, address.url, 1)
    assert await gauge.read_figures() == [QueueFigures("booking", 1, 0, None, None)]


async def test_oldest_in_the_emulator(sqs, address, emulator):
    """The age is that of the message that came first; a server that is no emulator knows nothing."""
    clock = FakeClock(datetime.now(UTC) + timedelta(minutes=1))
    async with httpx2.AsyncClient() as http:
        ages = EmulatorAges(http=http, endpoint_url=emulator.endpoint_url, clock=clock)
        assert await ages.find_oldest_age(address) == 0.0
        await put(sqs, address.url, 1)
        assert 58 <= (await ages.find_oldest_age(address) or 0) <= 63
        assert (
            await EmulatorAges(http=http, endpoint_url="http://127.0.0.1:9", clock=clock).find_oldest_age(address)
            is None
        )


async def test_a_missing_queue_is_reported(sqs, address):
    """A gauge of a queue that is gone raises one of our own errors."""
    gone = QueueAddress("booking", f"{address.url}-gone", address.dead_letter_url)
    with pytest.raises(ANYTHING_BUT_NONE):
        await SqsQueueGauge(client=sqs, queues=[gone], ages=NoAges()).read_figures()


class Metrics:
    """CloudWatch with some figures; counts the questions."""

    def __init__(self, *points):
        self.points = points
        self.asked = 0

    async def get_metric_statistics(self, **_):
        self.asked += 1
        return {"Datapoints": [{"Timestamp": at, "Maximum": value} for at, value in self.points]}


async def test_oldest_in_cloudwatch():
    """The latest figure counts, and CloudWatch is asked once a minute at most."""
    clock, address = FakeClock(), QueueAddress("chat", "https://sqs/1/stride-chat.fifo", "")
    now = clock.now()
    metrics = Metrics((now, 7.0), (now - timedelta(minutes=1), 90.0))
    ages = CloudWatchAges(client=metrics, clock=clock)
    assert [await ages.find_oldest_age(address) for _ in range(3)] == [7.0, 7.0, 7.0]
    assert metrics.asked == 1
    clock.advance(timedelta(minutes=1))
    metrics.points = ()
    assert await ages.find_oldest_age(address) is None


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "AccessDenied"}}, "GetMetricStatistics"),
        ClientError({"Error": {"Code": "Throttling"}}, "GetMetricStatistics"),
        EndpointConnectionError(endpoint_url="https://monitoring"),
    ],
)
async def test_a_cloudwatch_that_does_not_answer_costs_the_age_alone(error):
    """The figures of SQS are there all the same, and it is not asked again for a minute."""
    clock, address = FakeClock(), QueueAddress("chat", "https://sqs/1/stride-chat.fifo", "")
    metrics = Metrics()
    metrics.get_metric_statistics = AsyncMock(side_effect=error)
    ages = CloudWatchAges(client=metrics, clock=clock)
    assert [await ages.find_oldest_age(address) for _ in range(2)] == [None, None]
    assert metrics.get_metric_statistics.await_count == 1
