"""The only file of the ledger's worker that knows every concrete class."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from shared.aws.clients import aws_clients
from shared.aws.ledger.failures import DynamoFailureLedger
from shared.aws.ledger.payload_cipher import PayloadCipher
from shared.aws.secrets import open_secrets
from shared.aws.worker import Worker, open_line, open_stores
from shared.clock import SystemClock
from shared.consumer.decode import Decoder
from shared.consumer.multi_queue import BatchGroup, PoolGroup
from shared.emf import EmfMetrics
from shared.log import configure_logging
from shared.messages.commands import BOOKING_COMMAND, CHAT_COMMAND
from shared.messages.notices import NOTICE
from shared.settings import PoolSettings
from workers.failures.handler import LedgerHandler
from workers.failures.process import LetterProcessor
from workers.failures.settings import FailuresSettings


@asynccontextmanager
async def worker() -> AsyncIterator[Worker]:
    """Open the ledger, and a line to each dead-letter queue."""
    settings, pool_settings, clock = FailuresSettings(), PoolSettings(), SystemClock()
    configure_logging(level=settings.log_level, component="failures")
    metrics = EmfMetrics(clock=clock)
    secrets = open_secrets(settings, clock=clock)
    queues: dict[str, tuple[str, Decoder[Any]]] = {
        "chat": (settings.chat_dlq_url, Decoder(CHAT_COMMAND)),
        "booking": (settings.booking_dlq_url, Decoder(BOOKING_COMMAND)),
        "notifications": (settings.notifications_dlq_url, Decoder(NOTICE)),
    }
    async with aws_clients(settings) as clients:
        stores = await open_stores(clients, settings, clock)
        ledger = DynamoFailureLedger(
            client=stores.dynamodb,
            table=settings.failures_table,
            cipher=PayloadCipher(secrets.text(settings.failures_key_secret_id).split()),
            clock=clock,
        )
        pools, batches, leases = [], {}, []
        for name, (url, decoder) in queues.items():
            line = await open_line(
                clients,
                aws=settings,
                url=url,
                dead_letter_url="",
                clock=clock,
                metrics=metrics,
                # All of them have one health check.
                settings=pool_settings.model_copy(update={"health_port": None}),
            )
            handler = LedgerHandler(
                queue=name,
                decoder=decoder,
                ledger=ledger,
                claims=stores.claims,
                replies=stores.replies,
                clock=clock,
                lease=timedelta(seconds=pool_settings.lease_seconds),
            )
            processor = LetterProcessor(
                queue_name=line.queue.name,
                handler=handler,
                leases=line.leases,
                clock=clock,
                telemetry=line.telemetry,
            )
            pool, batch = line.worked_by(processor, max_attempts=1)
            pools.append(pool)
            batches[line.queue.name] = batch
            leases.append(line.leases)
        yield Worker(PoolGroup(pools, health_port=pool_settings.health_port), BatchGroup(batches), tuple(leases))
