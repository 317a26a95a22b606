"""What the tests of the broker share: a clock that is turned by hand, queues in memory, and a real client."""

import itertools
from contextlib import closing

import boto3
import pytest
from botocore.config import Config

from tests.broker.counts import Counts
from tests.broker.message import Message, render
from tests.broker.process import running_broker
from tests.broker.queues import Queues
from tests.broker.service import Service

_names = itertools.count()


class HandClock:
    seconds = 1000.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def counts():
    return Counts()


@pytest.fixture
def queues(clock, counts):
    return Queues(base_url="http://broker", region="eu-central-1", counts=counts, clock=clock)


@pytest.fixture
def service(clock, counts):
    return Service(base_url="http://broker", region="eu-central-1", counts=counts, clock=clock)


@pytest.fixture
def standard(queues):
    return queues.create("jobs", {})


@pytest.fixture
def fifo(queues):
    return queues.create("jobs.fifo", {"FifoQueue": "true"})


@pytest.fixture
def put():
    """Send bodies to a queue, in one group if it is FIFO."""

    def put(queue, *bodies, group=None, **more):
        for body in bodies:
            queue.put(Message(render(body), sent_ms=0, group=group), **more)

    return put


@pytest.fixture
def bodies():
    """Return the bodies of messages."""
    return lambda messages: [message.rendered.rpartition('"Body":"')[2][:-1] for message in messages]


@pytest.fixture(scope="session")
def broker():
    with running_broker() as running:
        yield running


@pytest.fixture
def name():
    return f"queue-{next(_names)}"


def client_of(broker, **config):
    """Return the real client, which tries nothing twice."""
    return boto3.client(
        "sqs",
        endpoint_url=broker.url,
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, **config),
    )


@pytest.fixture(scope="session")
def sqs(broker):
    with closing(client_of(broker)) as client:
        yield client


@pytest.fixture
def short_timeout_sqs(broker):
    """Return a client that waits a second for an answer."""
    with closing(client_of(broker, read_timeout=1)) as client:
        yield client
