"""Queues to test the port on: in memory, and on whatever server speaks SQS, through either transport."""

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from botocore.config import Config

from infra.aws import REGION
from shared.aws.http_pool import HttpPool
from shared.aws.lean_sqs import LeanSqsQueue, SqsCalls
from shared.aws.sqs import SqsQueue
from shared.clock import SystemClock
from shared.consumer.delivery import DeadLetterCopy
from shared.ids import new_id
from tests.contracts.stores.template import create_queue
from tests.fakes.memory_queue import MemoryQueue

TRANSPORTS = ["aiobotocore", "lean"]
ON_SQS = [f"{transport} {server}" for server in ("ministack", "broker") for transport in TRANSPORTS]
SIDES = ["memory", *ON_SQS]
BLOCKING = Config(retries={"total_max_attempts": 1})


class InMemory:
    """The queue in memory, and what is on its dead-letter queue."""

    def __init__(self, *, fifo, max_receive_count=None):
        self.queue = MemoryQueue(name="memory.fifo" if fifo else "memory", max_receive_count=max_receive_count)

    def send(self, body, group, deduplication_id=None):
        self.queue.send(body, group=group, deduplication_id=deduplication_id)

    def dead_letters(self):
        return [copy.delivery.body for copy in self.queue.dead_letters]


@dataclass
class OnSqs:
    """A pair of SQS queues, made for one test."""

    queue: SqsQueue
    client: Any
    url: str
    dead_letter_url: str

    def send(self, body, group, deduplication_id=None, trace=None):
        more = {"MessageGroupId": group} if group else {}
        if self.url.endswith(".fifo"):
            more["MessageDeduplicationId"] = deduplication_id or new_id()
        if trace:
            more["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}}
        self.client.send_message(QueueUrl=self.url, MessageBody=body, **more)

    def received_dead_letters(self):
        answer = self.client.receive_message(
            QueueUrl=self.dead_letter_url,
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["MessageGroupId", "AWSTraceHeader"],
        )
        return answer.get("Messages", [])

    def dead_letters(self):
        return [message["Body"] for message in self.received_dead_letters()]


@dataclass(frozen=True)
class Server:
    """One server that speaks SQS, with the clients that both transports need."""

    client: Any
    """boto3's, for the sender's side."""

    calls: Any
    """aiobotocore's."""

    lean: SqsCalls

    def queue(self, transport, *, url, dead_letter_url):
        """Return a queue that may be there or not."""
        if transport == "lean":
            return LeanSqsQueue(
                lean_polls=self.lean, lean_calls=self.lean, client=self.calls, url=url, dead_letter_url=dead_letter_url
            )
        return SqsQueue(polls=self.calls, calls=self.calls, url=url, dead_letter_url=dead_letter_url)

    def make(self, transport, *, fifo):
        """Make a pair of queues as the template deploys them."""
        source, dead = ("ChatQueue", "ChatDeadLetters") if fifo else ("NotificationsQueue", "NotificationsDeadLetters")
        name = new_id()
        url = create_queue(self.client, source, name=name)
        dead_letter_url = create_queue(self.client, dead, name=f"{name}-dlq")
        queue = self.queue(transport, url=url, dead_letter_url=dead_letter_url)
        return OnSqs(queue, self.client, url, dead_letter_url)


@asynccontextmanager
async def server_at(endpoint_url, client, clients):
    """Open both transports to a server."""
    calls = await clients.open_client("sqs", endpoint_url=endpoint_url, read_timeout_seconds=30, attempts=1)
    async with HttpPool(endpoint_url) as http:
        lean = SqsCalls(http=http, region=REGION, credentials=await clients.get_credentials(), clock=SystemClock())
        yield Server(client, calls, lean)


async def take(side, max_messages=10, *, wait=0, visibility=30, attempt=None):
    received = side.queue.receive(
        max_messages=max_messages, wait_seconds=wait, visibility_seconds=visibility, attempt_id=attempt
    )
    return list(await received)


def bodies(deliveries):
    return [delivery.body for delivery in deliveries]


def copy_of(delivery, **changes):
    fields = {"deduplication_id": "key#1", "reason": "bug", "error": "ValueError: no", "attempts": 5}
    return DeadLetterCopy(delivery=delivery, **fields | changes)
