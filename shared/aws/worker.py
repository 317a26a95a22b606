"""Puts a worker together: the same handler as a pool of this process, or behind a Lambda event-source mapping."""

import asyncio
import functools
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic

from pydantic import TypeAdapter, ValidationError

from shared.aws.claims import DynamoClaimStore
from shared.aws.clients import AwsClients
from shared.aws.connections import DynamoConnectionStore
from shared.aws.conversations import DynamoConversationStore
from shared.aws.sqs import SqsQueue
from shared.aws.websocket import ApiGatewayPoster
from shared.clock import Clock
from shared.consumer.decode import Decoder
from shared.consumer.disposition import RetryPolicy
from shared.consumer.lambda_batch import LambdaBatch
from shared.consumer.lease import LeaseKeeper
from shared.consumer.pool import Pool, PoolOptions, stop_on_signals
from shared.consumer.process import Handler, Limits, Processor, W
from shared.consumer.settle import Settler
from shared.errors import ConfigurationError
from shared.replies import Replies
from shared.settings import AwsSettings, PoolSettings

_BEYOND_THE_POLL_SECONDS = 10


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


async def assemble(
    clients: AwsClients,
    *,
    url: str,
    dead_letter_url: str,
    messages: TypeAdapter[W],
    handler: Handler[W],
    claims: DynamoClaimStore,
    clock: Clock,
    settings: PoolSettings,
    max_attempts: int | None = None,
) -> Worker[W]:
    """Build the worker core around a handler."""
    lease = timedelta(seconds=settings.lease_seconds)
    queue = SqsQueue(
        polls=await clients.client(
            "sqs", read_timeout_seconds=settings.wait_seconds + _BEYOND_THE_POLL_SECONDS, attempts=1
        ),
        calls=await clients.client("sqs"),
        url=url,
        dead_letter_url=dead_letter_url,
    )
    leases = LeaseKeeper(queue=queue, claims=claims, lease=lease)
    processor = Processor(
        queue=queue,
        decoder=Decoder(messages),
        handler=handler,
        claims=claims,
        leases=leases,
        clock=clock,
        policy=RetryPolicy(max_attempts=max_attempts or settings.max_attempts),
        limits=Limits(lease=lease, handler_timeout=timedelta(seconds=settings.handler_timeout_seconds)),
    )
    settler = Settler(queue)
    options = PoolOptions(
        concurrency=settings.concurrency,
        wait_seconds=settings.wait_seconds,
        lease=lease,
        drain=timedelta(seconds=settings.drain_seconds),
    )
    return Worker(
        pool=Pool(queue=queue, processor=processor, leases=leases, settler=settler, options=options),
        batch=LambdaBatch(
            processor=processor,
            leases=leases,
            settler=settler,
            handler_timeout=timedelta(seconds=settings.handler_timeout_seconds),
        ),
    )


WorkerFactory = Callable[[], AbstractAsyncContextManager[Worker[W]]]


def run_pool(worker: WorkerFactory[W]) -> None:
    """Run a pool until SIGTERM or SIGINT; a setting that is missing or wrong ends it with one clear sentence."""

    async def main() -> None:
        stop = asyncio.Event()
        with stop_on_signals(stop):
            async with worker() as ready:
                await ready.pool.run(stop)

    try:
        asyncio.run(main())
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, problem['loc'])).upper()}: {problem['msg']}" for problem in error.errors())
        sys.exit(f"not started, check these variables: {'; '.join(problems)}")
    except ConfigurationError as error:
        sys.exit(f"not started: {error}")


@dataclass(frozen=True, slots=True)
class _Environment(Generic[W]):
    runner: asyncio.Runner
    manager: AbstractAsyncContextManager[Worker[W]]
    """Kept, because a manager that is collected closes its clients."""

    worker: Worker[W]


def lambda_handler(worker: WorkerFactory[W]) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """Return the handler of an event-source mapping; loop and clients live as long as the environment."""

    @functools.cache
    def environment() -> "_Environment[W]":
        manager = worker()

        async def enter() -> Worker[W]:
            return await manager.__aenter__()

        runner = asyncio.Runner()
        return _Environment(runner, manager, runner.run(enter()))

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        warm = environment()
        batch = warm.worker.batch.run(event, seconds_left=lambda: context.get_remaining_time_in_millis() / 1000)
        return warm.runner.run(batch)

    return handle
