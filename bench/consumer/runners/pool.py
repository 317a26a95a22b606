"""This project's pool with all features: decoding, claims, leases, order, log lines; its handler does nothing."""

import argparse
import asyncio
import os
import statistics
import sys
import time
from typing import Any
from urllib.parse import urlsplit

import uvloop

from bench.consumer.runners.arguments import KEY, REGION, make_parser
from bench.consumer.runners.memory_claims import MemoryClaims
from bench.consumer.runners.stopwatch import Stopwatch
from shared.aws.claims import DynamoClaimStore
from shared.aws.clients import open_aws_clients
from shared.aws.queue_connector import SqsConnector
from shared.claims import Claim, ClaimStore
from shared.clock import SystemClock
from shared.consumer.queue_description import MessageQueue
from shared.consumer.stop import Stop
from shared.consumer.worker import build_worker
from shared.emf import EmfMetrics
from shared.errors import TransientError
from shared.log import configure_logging
from shared.messages.commands import CHAT_COMMAND, ChatSend
from shared.settings import AwsSettings, PoolSettings

TABLE = "ProcessedTable"

POISON = "poison"
"""The session whose commands fail in every attempt."""


class Handler:
    """Completes every command at once; records its age if its text is the time of sending."""

    def __init__(self, claims: ClaimStore, watch: Stopwatch, *, handler_seconds: float = 0) -> None:
        self._claims = claims
        self._watch = watch
        self._handler_seconds = handler_seconds
        self.waits_ms: list[float] = []
        self.failed = 0

    async def handle(self, command: ChatSend, claim: Claim) -> None:
        """Record the command's age and complete it."""
        if self._handler_seconds:
            await asyncio.sleep(self._handler_seconds)
        if command.session_id == POISON:
            self.failed += 1
            raise TransientError("poison")
        if command.data.text.isdecimal():
            self.waits_ms.append((time.monotonic_ns() - int(command.data.text)) / 1e6)
        await self._claims.complete(claim)
        self._watch.count_handled()

    async def repeat_outcome(self, command: ChatSend, outcome_seq: int | None) -> None:
        """Do nothing: no reply was stored."""

    async def refuse_reused_id(self, command: ChatSend) -> None:
        """Not expected."""
        raise AssertionError(command.id)

    async def give_up(self, command: ChatSend, claim: Claim, reason: str) -> None:
        """Not expected."""
        raise AssertionError(command.id, claim, reason)

    def report(self) -> dict[str, Any]:
        """Return the percentiles of the waits, if any were recorded."""
        if len(self.waits_ms) < 2:
            return {}
        cuts = statistics.quantiles(self.waits_ms, n=100)
        found = {"p50_ms": cuts[49], "p99_ms": cuts[98], "max_ms": max(self.waits_ms)}
        return {"waits": len(self.waits_ms), "failed": self.failed, **found}


async def main() -> None:
    """Run the pool until the queue is empty."""
    arguments = make_parser(__doc__)
    arguments.add_argument("--dynamodb", metavar="URL", help="keep claims there, not in memory")
    arguments.add_argument("--concurrency", type=int, help="instead of the pool's default")
    arguments.add_argument("--transport", choices=("lean", "aiobotocore"), help="instead of the pool's default")
    arguments.add_argument("--seconds", type=float, default=0, help="how long the handler takes")
    arguments.add_argument("--log-level", default="INFO", help="INFO, as deployed, writes a line per delivery")
    options = arguments.parse_args()
    watch = Stopwatch(options.queue, options.messages)
    # Log lines are written, as in production, but discarded: a process that reads them would affect the measurement.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    configure_logging(level=options.log_level, component="bench")
    clock = SystemClock()
    async with open_aws_clients(aws_settings(options)) as clients:
        claims: ClaimStore = MemoryClaims()
        if options.dynamodb:
            claims = DynamoClaimStore(
                client=await clients.open_client("dynamodb", connections=100), table=TABLE, clock=clock
            )
        handler = Handler(claims, watch, handler_seconds=options.seconds)
        settings = pool_settings(options)
        queue = MessageQueue(
            url=options.queue,
            dead_letter_url=options.queue,
            messages=CHAT_COMMAND,
            handler=handler,
            max_attempts=settings.max_attempts,
            outcomes=None,
            shedding=None,
            visitor=None,
        )
        worker = await build_worker(
            [queue],
            connector=SqsConnector(clients, aws=aws_settings(options), clock=clock, settings=settings),
            claims=claims,
            clock=clock,
            metrics=EmfMetrics(clock=clock),
            settings=settings,
        )
        watch.start()
        pool_task = asyncio.create_task(worker.pool.run(Stop()))
        await watch.finish(handler.report)
        await pool_task


def aws_settings(options: argparse.Namespace) -> AwsSettings:
    """Point SQS at the broker, and DynamoDB at the emulator if there is one."""
    address = urlsplit(options.queue)
    sqs = f"{address.scheme}://{address.netloc}"
    os.environ |= {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": KEY,
        "AWS_ENDPOINT_URL_SQS": sqs,
        "AWS_ENDPOINT_URL_DYNAMODB": options.dynamodb or sqs,
    }
    return AwsSettings(
        aws_region=REGION,
        conversations_table="",
        connections_table="",
        processed_table=TABLE,
        knowledge_bucket="",
        websocket_endpoint="",
    )


def pool_settings(options: argparse.Namespace) -> PoolSettings:
    """Return the default settings with the overrides of the command line."""
    overrides = {"concurrency": options.concurrency, "transport": options.transport}
    return PoolSettings.model_validate({name: value for name, value in overrides.items() if value})


if __name__ == "__main__":
    uvloop.run(main())
