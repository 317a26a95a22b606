"""Puts a worker together: the same handler as a pool of this process, or behind a Lambda event-source mapping."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic

from pydantic import TypeAdapter

from shared.aws.claims import DynamoClaimStore
from shared.aws.clients import AwsClients, aws_clients
from shared.aws.connections import DynamoConnectionStore
from shared.aws.conversations import DynamoConversationStore
from shared.aws.lean_sqs import is_reached_by_lean_calls, lean_sqs_queue
from shared.aws.sqs import RECEIVE_DEADLINE_SECONDS, SqsQueue
from shared.aws.websocket import ApiGatewayPoster
from shared.clock import Clock
from shared.consumer.decode import Decoder
from shared.consumer.delivery import Queue
from shared.consumer.disposition import RetryPolicy
from shared.consumer.handler import Handler, W
from shared.consumer.lambda_batch import LambdaBatch
from shared.consumer.lease import LeaseKeeper
from shared.consumer.pool import Pool, PoolOptions
from shared.consumer.process import Processor
from shared.consumer.settle import Settler
from shared.consumer.telemetry import Telemetry
from shared.ports import ClaimStore, Metrics
from shared.replies import Replies
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


@dataclass(frozen=True, slots=True)
class Worker(Generic[W]):
    """One queue, its messages and their handler, ready to be run either way."""

    pool: Pool[W]
    batch: LambdaBatch[W]
    leases: LeaseKeeper


async def assemble(
    clients: AwsClients,
    *,
    aws: AwsSettings,
    url: str,
    dead_letter_url: str,
    messages: TypeAdapter[W],
    handler: Handler[W],
    claims: ClaimStore,
    clock: Clock,
    metrics: Metrics,
    settings: PoolSettings,
    max_attempts: int | None = None,
) -> Worker[W]:
    """Build the worker core around a handler."""
    lease = timedelta(seconds=settings.lease_seconds)
    limit = timedelta(seconds=settings.handler_timeout_seconds)
    attempts = max_attempts or settings.max_attempts
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

    leases = LeaseKeeper(open_line=own_line, lease=lease, limit=limit, telemetry=telemetry)
    processor = Processor(
        queue=queue,
        decoder=Decoder(messages),
        handler=handler,
        claims=claims,
        leases=leases,
        clock=clock,
        policy=RetryPolicy(max_attempts=attempts),
        lease=lease,
        telemetry=telemetry,
    )
    settler = Settler(queue)
    options = PoolOptions(
        concurrency=settings.concurrency,
        wait_seconds=settings.wait_seconds,
        lease=lease,
        drain=timedelta(seconds=settings.drain_seconds),
        max_attempts=attempts,
        health_port=settings.health_port,
    )
    return Worker(
        pool=Pool(
            queue=queue, processor=processor, leases=leases, settler=settler, options=options, telemetry=telemetry
        ),
        batch=LambdaBatch(
            queue=queue,
            processor=processor,
            leases=leases,
            settler=settler,
            handler_timeout=limit,
            telemetry=telemetry,
        ),
        leases=leases,
    )


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


WorkerFactory = Callable[[], AbstractAsyncContextManager[Worker[W]]]
