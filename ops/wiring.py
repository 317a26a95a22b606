"""The only file of the desk that knows every concrete class."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from ops.deployment import Deployment
from ops.desk.adapters.contacts import BookingContacts
from ops.desk.adapters.forecasts import WorkersForecasts
from ops.desk.adapters.sqs_replays import SqsReplays
from ops.desk.desk import Desk
from ops.desk.erasing import Erasing
from ops.health import services, stores
from ops.health.checks import Check, examined
from ops.queues.figures import FEEDBACK, OldestAges, QueueAddress, QueueGauge
from ops.queues.sqs import CloudWatchAges, EmulatorAges, SqsQueueGauge
from shared.aws.clients import AwsClients, aws_clients
from shared.aws.ledger.failures import DynamoFailureLedger
from shared.aws.ledger.payload_cipher import PayloadCipher
from shared.aws.secrets import open_secrets
from shared.aws.suppressions import DynamoSuppressions
from shared.clock import Clock, SystemClock
from shared.errors import ConfigurationError, TransientError
from shared.ledger.failures import QUEUES
from shared.messages.commands import BookingCommand
from shared.settings import AwsSettings
from shared.suppressions import Suppressions
from workers.booking.handler.dependencies import BookingPorts
from workers.booking.handler.replay_forecast import ReplayForecast


@asynccontextmanager
async def open_desk(deployment: Deployment) -> AsyncIterator[Desk]:
    """Open the desk of a deployment.

    Raises:
        ConfigurationError: the deployment lacks a part, or we may not read it; the text says which.
    """
    clock = SystemClock()
    async with aws_clients(aws_settings(deployment)) as clients:
        ports = BookingRoles(deployment, clients, clock)
        yield Desk(
            ledger=await _ledger(deployment, clients, clock),
            replays=SqsReplays(client=await clients.client("sqs"), urls=deployment.queue_urls),
            forecasts=WorkersForecasts(booking=ports.outlook, clock=clock),
            contacts=BookingContacts(ports.opened),
            clock=clock,
        )


@asynccontextmanager
async def open_erasing(deployment: Deployment) -> AsyncIterator[Erasing]:
    """Open what erases the failures of a conversation."""
    clock = SystemClock()
    async with aws_clients(aws_settings(deployment)) as clients:
        yield Erasing(ledger=await _ledger(deployment, clients, clock), clock=clock)


async def _ledger(deployment: Deployment, clients: AwsClients, clock: Clock) -> DynamoFailureLedger:
    secrets = open_secrets(aws_settings(deployment), clock=clock)
    key = await asyncio.to_thread(secrets.text, deployment.named("failures_key_secret_id"))
    return DynamoFailureLedger(
        client=await clients.client("dynamodb"),
        table=deployment.named("failures_table"),
        cipher=PayloadCipher(key.split()),
        clock=clock,
    )


@asynccontextmanager
async def open_gauge(deployment: Deployment) -> AsyncIterator[QueueGauge]:
    """Open what reads the figures of a deployment's queues."""
    clock = SystemClock()
    queues = [
        QueueAddress(name, deployment.named(f"{name}_queue_url"), deployment.named(f"{name}_dlq_url"))
        for name in QUEUES
    ]
    queues.append(QueueAddress(FEEDBACK, deployment.named("feedback_queue_url"), None))
    async with aws_clients(aws_settings(deployment)) as clients, httpx2.AsyncClient(timeout=3) as http:
        ages: OldestAges = (
            EmulatorAges(http=http, endpoint_url=deployment.endpoint_url, clock=clock)
            if deployment.endpoint_url
            else CloudWatchAges(client=await clients.client("cloudwatch"), clock=clock)
        )
        yield SqsQueueGauge(client=await clients.client("sqs"), queues=queues, ages=ages)


@asynccontextmanager
async def open_suppressions(deployment: Deployment) -> AsyncIterator[Suppressions]:
    """Open the list of addresses that get no letters."""
    async with aws_clients(aws_settings(deployment)) as clients:
        secrets = open_secrets(aws_settings(deployment), clock=SystemClock())
        key = await asyncio.to_thread(secrets.text, deployment.named("code_key_secret_id"))
        yield DynamoSuppressions(
            client=await clients.client("dynamodb"),
            table=deployment.named("suppressions_table"),
            secret=key.encode(),
        )


def aws_settings(deployment: Deployment) -> AwsSettings:
    """Return where AWS is, and what the deployment named its parts."""
    return AwsSettings(
        aws_region=deployment.region,
        aws_endpoint_url=deployment.endpoint_url,
        conversations_table=deployment.named("conversations_table"),
        connections_table=deployment.named("connections_table"),
        processed_table=deployment.named("processed_table"),
        knowledge_bucket=deployment.named("knowledge_bucket"),
        websocket_endpoint=deployment.named("websocket_endpoint"),
    )


async def examine(deployment: Deployment, told: Callable[[Check], None]) -> list[Check]:
    """Look at everything that a deployment needs; tell each check as it comes in, and return all."""
    clock = SystemClock()
    async with aws_clients(aws_settings(deployment)) as clients:
        ports = BookingRoles(deployment, clients, clock)

        async def client(service: str) -> Any:
            endpoint_url = deployment.variables.get("bedrock_url") if service == "bedrock-runtime" else None
            return await clients.client(service, endpoint_url=endpoint_url, read_timeout_seconds=15, attempts=2)

        return await examined(
            [*stores.examinations(deployment, client), *services.examinations(deployment, client, ports.opened, clock)],
            told,
        )


class BookingRoles:
    """What booking's rules are asked with; opened when somebody first asks, because most commands do not."""

    def __init__(self, deployment: Deployment, clients: AwsClients, clock: Clock) -> None:
        self._deployment = deployment
        self._clients = clients
        self._clock = clock
        self._opening = asyncio.Lock()
        self._ports: BookingPorts | None = None

    async def opened(self) -> BookingPorts:
        """Return the roles.

        Raises:
            ConfigurationError: a secret or the bucket can't be read.
        """
        # They bring the calendar's library along, which takes as long to load as all the rest together.
        from ops.desk.adapters.booking_roles import open_booking_roles  # noqa: PLC0415

        async with self._opening:
            if self._ports is None:
                local = {"aws_endpoint_url": self._deployment.endpoint_url} if self._deployment.endpoint_url else {}
                variables = {**self._deployment.variables, "aws_region": self._deployment.region, **local}
                self._ports = await open_booking_roles(variables, self._clients, self._clock)
        return self._ports

    async def outlook(self, work: BookingCommand) -> ReplayForecast:
        """Return what a replay would come to; what may not be read leaves it unknown."""
        from workers.booking.handler.forecast import forecast  # noqa: PLC0415 - as above

        try:
            ports = await self.opened()
        except TransientError as error:
            return ReplayForecast("unknown", code=error.reason)
        except ConfigurationError:
            return ReplayForecast("unknown", code="not_allowed_to_look")
        return await forecast(ports, work)
