"""The only file of the failures worker that knows every concrete class."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeVar

from pydantic import TypeAdapter

from shared.aws.clients import open_aws_clients
from shared.aws.ledger.failures import DynamoFailureLedger
from shared.aws.ledger.payload_cipher import PayloadCipher
from shared.aws.queue_connector import SqsConnector
from shared.aws.secrets import open_secrets
from shared.aws.stores import VisitorStores, open_visitor_stores
from shared.circuits.reports import CircuitReports, name_process
from shared.claims import ClaimStore
from shared.clock import Clock, SystemClock
from shared.consumer.decode import Decoder
from shared.consumer.queue_description import QueueDescription
from shared.consumer.worker import Worker, build_worker
from shared.conversations.replies import Replies
from shared.emf import EmfMetrics
from shared.log import configure_logging
from shared.messages.commands import BOOKING_COMMAND, CHAT_COMMAND
from shared.messages.notices import NOTICE
from shared.settings import PoolSettings
from workers.failures.dependencies import FailurePorts
from workers.failures.domain import Message
from workers.failures.handler import LedgerHandler
from workers.failures.process import DeadLetterQueue
from workers.failures.settings import FailuresSettings

M = TypeVar("M", bound=Message)


@asynccontextmanager
async def open_worker() -> AsyncIterator[Worker]:
    """Open the worker with everything that it needs."""
    settings, pool_settings, clock = FailuresSettings(), PoolSettings(), SystemClock()
    configure_logging(level=settings.log_level, component="failures")
    metrics = EmfMetrics(clock=clock, namespace=settings.metrics_namespace)
    circuits = CircuitReports(metrics=metrics, clock=clock, process=name_process("failures"))
    async with open_aws_clients(settings) as clients:
        stores = await open_visitor_stores(clients, settings, clock, pool_settings.transport, circuits)
        queues = describe_queues(
            settings,
            pool_settings,
            ports=open_ports(settings, stores=stores, clock=clock),
            replies=stores.replies,
            claims=stores.claims,
        )
        yield await build_worker(
            queues,
            connector=SqsConnector(clients, aws=settings, clock=clock, settings=pool_settings),
            claims=stores.claims,
            clock=clock,
            metrics=metrics,
            settings=pool_settings,
        )


def open_ports(settings: FailuresSettings, *, stores: VisitorStores, clock: Clock) -> FailurePorts:
    """Open the ports of the use case."""
    secrets = open_secrets(settings, clock=clock)
    ledger = DynamoFailureLedger(
        client=stores.dynamodb,
        table=settings.failures_table,
        cipher=PayloadCipher(secrets.get_text(settings.failures_key_secret_id).split()),
        clock=clock,
    )
    return FailurePorts(ledger=ledger, conversations=stores.conversations, clock=clock)


def describe_queues(
    settings: FailuresSettings,
    pool_settings: PoolSettings,
    *,
    ports: FailurePorts,
    replies: Replies,
    claims: ClaimStore,
) -> tuple[QueueDescription, ...]:
    """Return the descriptions of the dead-letter queues, one for each worker's queue."""
    lease = timedelta(seconds=pool_settings.lease_seconds)

    def describe(queue: str, url: str, messages: TypeAdapter[M]) -> DeadLetterQueue:
        decoder: Decoder[M] = Decoder(messages)
        handler = LedgerHandler(queue=queue, decoder=decoder, ports=ports, replies=replies, claims=claims, lease=lease)
        return DeadLetterQueue(url=url, handler=handler)

    return (
        describe("chat", settings.chat_dlq_url, CHAT_COMMAND),
        describe("booking", settings.booking_dlq_url, BOOKING_COMMAND),
        describe("notifications", settings.notifications_dlq_url, NOTICE),
    )
