"""Opens the queues of a worker on SQS, and the connections of its lease keepers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.aws.claims import DynamoClaimStore
from shared.aws.clients import AwsClients, open_aws_clients
from shared.aws.json_calls import supports_lean_calls
from shared.aws.lean_dynamodb import open_dynamodb
from shared.aws.lean_sqs import open_lean_sqs_queue
from shared.aws.sqs import RECEIVE_DEADLINE_SECONDS, SqsQueue
from shared.claims import ClaimStore
from shared.clock import Clock
from shared.consumer.queue_description import QueueDescription
from shared.settings import AwsSettings, PoolSettings


class SqsConnector:
    """Opens a worker's queues on SQS, and the connections of its lease keepers."""

    def __init__(self, clients: AwsClients, *, aws: AwsSettings, clock: Clock, settings: PoolSettings) -> None:
        """Take the clients of the worker's own event loop, and the settings of the lease keepers' own clients."""
        self._clients = clients
        self._aws = aws
        self._clock = clock
        self._settings = settings

    async def open_queue(self, description: QueueDescription) -> SqsQueue:
        """Open the queue for the worker's own event loop."""
        return await self._open_described_queue(self._clients, description)

    @asynccontextmanager
    async def open_lease_connections(self, description: QueueDescription) -> AsyncIterator[tuple[SqsQueue, ClaimStore]]:
        """Open connections for the loop of a lease keeper: an exhausted pool of the worker costs no lease."""
        async with open_aws_clients(self._aws) as clients:
            dynamodb = await open_dynamodb(
                clients, clock=self._clock, transport=self._settings.transport, connections=20
            )
            claims = DynamoClaimStore(client=dynamodb, table=self._aws.processed_table, clock=self._clock)
            yield await self._open_described_queue(clients, description), claims

    async def _open_described_queue(self, clients: AwsClients, description: QueueDescription) -> SqsQueue:
        return await open_queue(
            clients,
            url=description.url,
            dead_letter_url=description.dead_letter_url or "",
            clock=self._clock,
            settings=self._settings,
        )


async def open_queue(
    clients: AwsClients, *, url: str, dead_letter_url: str, clock: Clock, settings: PoolSettings
) -> SqsQueue:
    """Open a queue with the transport of the settings: long polls have connections of their own."""
    calls = await clients.open_client("sqs")
    if settings.transport == "lean" and supports_lean_calls(calls.meta.endpoint_url):
        return await clients.enter_context(
            open_lean_sqs_queue(
                calls,
                credentials=await clients.get_credentials(),
                clock=clock,
                url=url,
                dead_letter_url=dead_letter_url,
                ca_file=clients.find_ca_file(),
            )
        )
    polls = await clients.open_client(
        "sqs", read_timeout_seconds=settings.wait_seconds + RECEIVE_DEADLINE_SECONDS, attempts=1
    )
    return SqsQueue(polls=polls, calls=calls, url=url, dead_letter_url=dead_letter_url)
