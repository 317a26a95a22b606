"""Puts a worker together: the same handler as a pool of this process, or behind a Lambda event-source mapping."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from pydantic import TypeAdapter

from shared.aws.claims import DynamoClaimStore
from shared.aws.clients import AwsClients, aws_clients
from shared.aws.conversations.connections import DynamoConnectionStore
from shared.aws.conversations.conversation_store import DynamoConversationStore
from shared.aws.lean_sqs import is_reached_by_lean_calls, lean_sqs_queue
from shared.aws.sqs import RECEIVE_DEADLINE_SECONDS, SqsQueue
from shared.aws.websocket import ApiGatewayPoster
from shared.claims import ClaimStore
from shared.clock import Clock
from shared.consumer.decode import Decoder
from shared.consumer.delivery import Queue
from shared.consumer.delivery_processor import DeliveryProcessor
from shared.consumer.disposition import RetryPolicy
from shared.consumer.handler import Handler, MessageT
from shared.consumer.lambda_batch import LambdaBatch
from shared.consumer.lease import LeaseKeeper
from shared.consumer.lifecycle import Stop
from shared.consumer.pool import Pool, PoolOptions
from shared.consumer.process import Processor
from shared.consumer.settle import Settler
from shared.consumer.telemetry import Telemetry
from shared.conversations.replies import Replies
from shared.ledger.ports import ReplayOutcomes
from shared.metrics import Metrics
from shared.settings import AwsSettings, PoolSettings


@dataclass(frozen=True, slots=True)
class Stores:
    """What every worker that talks to visitors needs."""

    dynamodb: Any
    claims: DynamoClaimStore
    conversations: DynamoConversationStore
    replies: Replies


async def open_stores(clients: AwsClients, settings: AwsSettings, clock: Clock) -> Stores:
    """Open the tables and the way back to visitors."""
    dynamodb = await clients.client("dynamodb", connections=100)
    posts = await clients.client("apigatewaymanagementapi", endpoint_url=settings.websocket_endpoint, attempts=2)
    conversations = DynamoConversationStore(
        client=dynamodb, table=settings.conversations_table, processed_table=settings.processed_table, clock=clock
    )
    return Stores(
        dynamodb=dynamodb,
        claims=DynamoClaimStore(client=dynamodb, table=settings.processed_table, clock=clock),
        conversations=conversations,
        replies=Replies(
            conversations=conversations,
            connections=DynamoConnectionStore(client=dynamodb, table=settings.connections_table, clock=clock),
            poster=ApiGatewayPoster(posts),
        ),
    )


class Running(Protocol):
    """What a process does with one queue or several."""

    @property
    def handlers_left(self) -> int:
        """How many handlers went on after the end although they were cancelled."""
        ...

    async def run(self, stop: Stop) -> None:
        """Work until a stop is asked for."""
        ...


class Batching(Protocol):
    """What a function does with one event."""

    async def run(self, event: dict[str, Any], *, seconds_left: Callable[[], float]) -> dict[str, Any]:
        """Return the `batchItemFailures`."""
        ...


@dataclass(frozen=True, slots=True)
class Worker:
    """One queue or several, their messages and what is done with them, ready to be run either way."""

    pool: Running
    batch: Batching
    leases: tuple[LeaseKeeper, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One queue with what keeps and counts its deliveries; what is done with them is still open."""

    queue: SqsQueue
    leases: LeaseKeeper
    telemetry: Telemetry
    settings: PoolSettings

    def worked_by(self, processor: DeliveryProcessor, *, max_attempts: int) -> tuple[Pool, LambdaBatch]:
        """Return both ways to work on it."""
        settler, settings = Settler(self.queue), self.settings
        options = PoolOptions(
            concurrency=settings.concurrency,
            wait_seconds=settings.wait_seconds,
            lease=timedelta(seconds=settings.lease_seconds),
            drain=timedelta(seconds=settings.drain_seconds),
            max_attempts=max_attempts,
            health_port=settings.health_port,
        )
        parts: dict[str, Any] = {
            "queue": self.queue,
            "processor": processor,
            "leases": self.leases,
            "settler": settler,
            "telemetry": self.telemetry,
        }
        handler_timeout = timedelta(seconds=settings.handler_timeout_seconds)
        return Pool(**parts, options=options), LambdaBatch(**parts, handler_timeout=handler_timeout)


async def open_line(
    clients: AwsClients,
    *,
    aws: AwsSettings,
    url: str,
    dead_letter_url: str,
    clock: Clock,
    metrics: Metrics,
    settings: PoolSettings,
) -> Line:
    """Open a queue, and the lease keeper's own connections to it once it starts."""
    queue = await open_queue(clients, url=url, dead_letter_url=dead_letter_url, clock=clock, settings=settings)
    telemetry = Telemetry(metrics, queue=queue.name)

    @asynccontextmanager
    async def own_line() -> AsyncIterator[tuple[Queue, ClaimStore]]:
        """Open the lease keeper's own connections, on its own thread."""
        async with aws_clients(aws) as own:
            dynamodb = await own.client("dynamodb", connections=20)
            yield (
                await open_queue(own, url=url, dead_letter_url=dead_letter_url, clock=clock, settings=settings),
                DynamoClaimStore(client=dynamodb, table=aws.processed_table, clock=clock),
            )

    leases = LeaseKeeper(
        open_connections=own_line,
        lease=timedelta(seconds=settings.lease_seconds),
        limit=timedelta(seconds=settings.handler_timeout_seconds),
        telemetry=telemetry,
    )
    return Line(queue, leases, telemetry, settings)


async def assemble(
    clients: AwsClients,
    *,
    aws: AwsSettings,
    url: str,
    dead_letter_url: str,
    messages: TypeAdapter[MessageT],
    handler: Handler[MessageT],
    claims: ClaimStore,
    clock: Clock,
    metrics: Metrics,
    settings: PoolSettings,
    max_attempts: int | None = None,
    outcomes: ReplayOutcomes | None = None,
) -> Worker:
    """Build the worker core around a handler of commands."""
    attempts = max_attempts or settings.max_attempts
    line = await open_line(
        clients,
        aws=aws,
        url=url,
        dead_letter_url=dead_letter_url,
        clock=clock,
        metrics=metrics,
        settings=settings,
    )
    processor = Processor(
        queue=line.queue,
        decoder=Decoder(messages),
        handler=handler,
        claims=claims,
        leases=line.leases,
        clock=clock,
        policy=RetryPolicy(max_attempts=attempts),
        lease=timedelta(seconds=settings.lease_seconds),
        telemetry=line.telemetry,
        outcomes=outcomes,
    )
    pool, batch = line.worked_by(processor, max_attempts=attempts)
    return Worker(pool, batch, (line.leases,))


async def open_queue(
    clients: AwsClients, *, url: str, dead_letter_url: str, clock: Clock, settings: PoolSettings
) -> SqsQueue:
    """Open a queue with the transport of the settings: connections for long polls apart from those that settle."""
    calls = await clients.client("sqs")
    if settings.transport == "lean" and is_reached_by_lean_calls(calls.meta.endpoint_url):
        return await clients.enter(
            lean_sqs_queue(
                calls,
                credentials=await clients.credentials(),
                clock=clock,
                url=url,
                dead_letter_url=dead_letter_url,
                ca_file=clients.ca_file(),
            )
        )
    polls = await clients.client(
        "sqs", read_timeout_seconds=settings.wait_seconds + RECEIVE_DEADLINE_SECONDS, attempts=1
    )
    return SqsQueue(polls=polls, calls=calls, url=url, dead_letter_url=dead_letter_url)


WorkerFactory = Callable[[], AbstractAsyncContextManager[Worker]]
