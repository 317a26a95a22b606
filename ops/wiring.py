"""The only file that knows every concrete class of the desk."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import boto3
import httpx2

from ops.answers.answers import Answers
from ops.deployment import Deployment
from ops.desk.adapters.sqs_replays import SqsReplayQueues
from ops.desk.adapters.worker_rules import WorkerRulesForecaster
from ops.desk.desk import Desk
from ops.desk.erasure import SessionErasure
from ops.health import alarms, functions, guardrails, models, services, stores
from ops.health.checks import CheckResult, run_checks
from ops.metrics import NoMetrics
from ops.queues.figures import SIDE_QUEUES, OldestAges, QueueAddress, QueueGauge
from ops.queues.sqs import CloudWatchAges, EmulatorAges, SqsQueueGauge
from ops.tokens.desk_tokens import DeskTokens
from ops.tokens.seals import TokenSeals
from ops.tokens.store import DynamoDeskTokens
from ops.usage.usage import Usage
from shared.aws.circuit_records import DynamoCircuitRecords
from shared.aws.clients import AwsClients, open_aws_clients
from shared.aws.conversations.conversation_index import DynamoConversationIndex
from shared.aws.conversations.conversation_store import DynamoConversationStore
from shared.aws.conversations.handovers import DynamoHandoverStore
from shared.aws.conversations.judgement_index import DynamoJudgedAnswers
from shared.aws.conversations.token_revocations import DynamoTokenRevocations
from shared.aws.knowledge import open_tenant_directory
from shared.aws.ledger.failures import DynamoFailureLedger
from shared.aws.ledger.payload_cipher import PayloadCipher
from shared.aws.secrets import open_secrets
from shared.aws.spending.booking_counts import DynamoBookingCounts
from shared.aws.spending.text_message_budgets import DynamoTextMessageBudgets
from shared.aws.spending.usage_reports import DynamoUsageReports
from shared.aws.suppressions import DynamoSuppressions
from shared.aws.unanswered_questions import DynamoUnansweredQuestions
from shared.circuits.ports import CircuitRecords
from shared.clock import Clock, SystemClock
from shared.ledger.failures import QUEUES
from shared.once import Once
from shared.settings import AwsSettings
from shared.suppressions import Suppressions
from shared.tenants.ports import TenantDirectory
from workers.booking.facade import BookingFacade
from workers.booking.facade_wiring import open_facade


@asynccontextmanager
async def open_desk(deployment: Deployment) -> AsyncIterator[Desk]:
    """Open the desk of a deployment.

    Raises:
        ConfigurationError: the a part of the deployment is missing or may not be read; the text says which.
    """
    clock = SystemClock()
    async with open_aws_clients(build_aws_settings(deployment)) as clients:
        dynamodb = await clients.open_client("dynamodb")
        booking = open_booking_facade(deployment, clients, dynamodb=dynamodb, clock=clock)
        yield Desk(
            ledger=await _open_ledger(deployment, dynamodb, clock),
            replays=SqsReplayQueues(client=await clients.open_client("sqs"), urls=deployment.queue_urls),
            forecaster=WorkerRulesForecaster(booking=booking, clock=clock),
            contacts=booking,
            clock=clock,
        )


@asynccontextmanager
async def open_erasure(deployment: Deployment) -> AsyncIterator[SessionErasure]:
    """Open the erasure of conversations."""
    clock, settings = SystemClock(), build_aws_settings(deployment)
    async with open_aws_clients(settings) as clients:
        dynamodb = await clients.open_client("dynamodb")
        yield SessionErasure(
            ledger=await _open_ledger(deployment, dynamodb, clock),
            usage=DynamoUsageReports(client=dynamodb, table=deployment.require_variable("usage_table"), clock=clock),
            tenants=await asyncio.to_thread(open_tenant_directory, settings, clock, NoMetrics()),
            tokens=DynamoTokenRevocations(client=dynamodb, table=deployment.require_variable("connections_table")),
            clock=clock,
        )


async def _open_ledger(deployment: Deployment, dynamodb: Any, clock: Clock) -> DynamoFailureLedger:
    return DynamoFailureLedger(
        client=dynamodb,
        table=deployment.require_variable("failures_table"),
        cipher=PayloadCipher(await _read_ledger_keys(deployment, clock)),
        clock=clock,
    )


async def _read_ledger_keys(deployment: Deployment, clock: Clock) -> list[str]:
    secrets = open_secrets(build_aws_settings(deployment), clock=clock)
    return (await asyncio.to_thread(secrets.get_text, deployment.require_variable("failures_key_secret_id"))).split()


@asynccontextmanager
async def open_gauge(deployment: Deployment) -> AsyncIterator[QueueGauge]:
    """Open the gauge of a deployment's queues."""
    clock = SystemClock()
    queues = [
        QueueAddress(
            name, deployment.require_variable(f"{name}_queue_url"), deployment.require_variable(f"{name}_dlq_url")
        )
        for name in QUEUES
    ]
    queues += [QueueAddress(name, deployment.require_variable(f"{name}_queue_url"), None) for name in SIDE_QUEUES]
    async with open_aws_clients(build_aws_settings(deployment)) as clients, httpx2.AsyncClient(timeout=3) as http:
        ages: OldestAges = (
            EmulatorAges(http=http, endpoint_url=deployment.endpoint_url, clock=clock)
            if deployment.endpoint_url
            else CloudWatchAges(client=await clients.open_client("cloudwatch"), clock=clock)
        )
        yield SqsQueueGauge(client=await clients.open_client("sqs"), queues=queues, ages=ages)


@asynccontextmanager
async def open_circuits(deployment: Deployment) -> AsyncIterator[CircuitRecords]:
    """Open the states of the workers' circuits."""
    async with open_aws_clients(build_aws_settings(deployment)) as clients:
        yield DynamoCircuitRecords(
            client=await clients.open_client("dynamodb"),
            table=deployment.require_variable("limits_table"),
            clock=SystemClock(),
        )


@asynccontextmanager
async def open_booking(deployment: Deployment) -> AsyncIterator[BookingFacade]:
    """Open the facade of booking, with clients of its own."""
    async with open_aws_clients(build_aws_settings(deployment)) as clients:
        dynamodb = await clients.open_client("dynamodb")
        yield open_booking_facade(deployment, clients, dynamodb=dynamodb, clock=SystemClock())


@asynccontextmanager
async def open_suppressions(deployment: Deployment) -> AsyncIterator[Suppressions]:
    """Open the list of suppressed e-mail addresses."""
    async with open_aws_clients(build_aws_settings(deployment)) as clients:
        secrets = open_secrets(build_aws_settings(deployment), clock=SystemClock())
        key = await asyncio.to_thread(secrets.get_text, deployment.require_variable("code_key_secret_id"))
        yield DynamoSuppressions(
            client=await clients.open_client("dynamodb"),
            table=deployment.require_variable("suppressions_table"),
            secret=key.encode(),
        )


@asynccontextmanager
async def open_usage(deployment: Deployment) -> AsyncIterator[Usage]:
    """Open the reports about costs."""
    clock, settings = SystemClock(), build_aws_settings(deployment)
    async with open_aws_clients(settings) as clients:
        dynamodb = await clients.open_client("dynamodb")
        yield Usage(
            tenants=await asyncio.to_thread(open_tenant_directory, settings, clock, NoMetrics()),
            reports=DynamoUsageReports(client=dynamodb, table=deployment.require_variable("usage_table"), clock=clock),
            bookings=DynamoBookingCounts(client=dynamodb, table=deployment.require_variable("limits_table")),
            text_messages=DynamoTextMessageBudgets(client=dynamodb, table=deployment.require_variable("limits_table")),
            clock=clock,
        )


@asynccontextmanager
async def open_desk_tokens(deployment: Deployment) -> AsyncIterator[DeskTokens]:
    """Open the tokens with which operators sign in at the desk."""
    clock, settings = SystemClock(), build_aws_settings(deployment)
    async with open_aws_clients(settings) as clients:
        yield DeskTokens(
            store=DynamoDeskTokens(
                client=await clients.open_client("dynamodb"), table=deployment.require_variable("usage_table")
            ),
            seals=TokenSeals(await _read_ledger_keys(deployment, clock)),
            clock=clock,
        )


@asynccontextmanager
async def open_answers(deployment: Deployment) -> AsyncIterator[Answers]:
    """Open what owners hear about answers."""
    clock, settings = SystemClock(), build_aws_settings(deployment)
    table = deployment.require_variable("conversations_table")
    async with open_aws_clients(settings) as clients:
        dynamodb = await clients.open_client("dynamodb")
        yield Answers(
            tenants=await asyncio.to_thread(open_tenant_directory, settings, clock, NoMetrics()),
            judged=DynamoJudgedAnswers(client=dynamodb, table=table),
            questions=DynamoUnansweredQuestions(client=dynamodb, table=deployment.require_variable("usage_table")),
            conversations=DynamoConversationStore(
                client=dynamodb,
                table=table,
                processed_table=deployment.require_variable("processed_table"),
                clock=clock,
            ),
            index=DynamoConversationIndex(client=dynamodb, table=table),
            handovers=DynamoHandoverStore(client=dynamodb, table=table, clock=clock),
            clock=clock,
        )


def open_s3() -> Any:
    """Return a blocking client of S3, which needs no deployment."""
    return boto3.client("s3")


def build_aws_settings(deployment: Deployment) -> AwsSettings:
    """Return the AWS settings of a deployment, with the names of its resources."""
    return AwsSettings(
        aws_region=deployment.region,
        aws_endpoint_url=deployment.endpoint_url,
        conversations_table=deployment.require_variable("conversations_table"),
        connections_table=deployment.require_variable("connections_table"),
        processed_table=deployment.require_variable("processed_table"),
        knowledge_bucket=deployment.require_variable("knowledge_bucket"),
        websocket_endpoint=deployment.require_variable("websocket_endpoint"),
    )


async def run_health_checks(deployment: Deployment, report: Callable[[CheckResult], None]) -> list[CheckResult]:
    """Run all health checks of a deployment; report each result in order, and return all."""
    clock, settings = SystemClock(), build_aws_settings(deployment)
    async with open_aws_clients(settings) as clients:

        async def open_client(service: str) -> Any:
            endpoint_url = deployment.variables.get("bedrock_url") if service == "bedrock-runtime" else None
            return await clients.open_client(service, endpoint_url=endpoint_url, read_timeout_seconds=15, attempts=2)

        # Opened by the first check that needs it: an error is a problem of that check only.
        async def open_tenants() -> TenantDirectory:
            return await asyncio.to_thread(open_tenant_directory, settings, clock, NoMetrics())

        tenants = Once(open_tenants)

        async def open_facade_of_booking() -> BookingFacade:
            return open_booking_facade(deployment, clients, dynamodb=await clients.open_client("dynamodb"), clock=clock)

        return await run_checks(
            [
                *stores.list_store_checks(deployment, open_client),
                *functions.list_function_checks(deployment, open_client, clock=clock),
                *models.list_model_checks(deployment, open_client, open_tenants=tenants, clock=clock),
                *guardrails.list_guardrail_checks(deployment, open_client, open_tenants=tenants),
                *alarms.list_alarm_checks(deployment, open_client, clock=clock),
                *services.list_service_checks(
                    deployment,
                    open_client,
                    open_tenants=tenants,
                    open_booking=Once(open_facade_of_booking),
                    clock=clock,
                ),
            ],
            report,
        )


def open_booking_facade(deployment: Deployment, clients: AwsClients, *, dynamodb: Any, clock: Clock) -> BookingFacade:
    """Open the facade of booking.

    Raises:
        ConfigurationError: an output of the deployment that names a table is missing.
    """
    local = {"aws_endpoint_url": deployment.endpoint_url} if deployment.endpoint_url else {}
    variables = {**deployment.variables, "aws_region": deployment.region, **local}
    return open_facade(clients, dynamodb=dynamodb, variables=variables, clock=clock, metrics=NoMetrics())
