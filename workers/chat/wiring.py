"""The only file of chat that knows every concrete class."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from shared.aws.circuit_records import DynamoCircuitRecords
from shared.aws.clients import AwsClients, Credentials, open_aws_clients
from shared.aws.conversations.handovers import DynamoHandoverStore
from shared.aws.knowledge import open_tenant_directory
from shared.aws.ledger.replay_outcomes import DynamoReplayOutcomes
from shared.aws.query_answers import DynamoQueryAnswers
from shared.aws.queue_connector import SqsConnector
from shared.aws.spending.spending_store import DynamoSpendingStore
from shared.aws.sqs import SqsInternalCommandQueue, SqsNoticeQueue
from shared.aws.stores import VisitorStores, open_visitor_stores
from shared.aws.unanswered_questions import DynamoUnansweredQuestions
from shared.aws.usage import DynamoUsageStore
from shared.circuits.reports import CircuitReports, name_process
from shared.claims import ClaimStore
from shared.clock import Clock, SystemClock
from shared.consumer.queue_description import MessageQueue, QueueDescription
from shared.consumer.worker import Worker, build_worker
from shared.conversations.replies import Replies
from shared.emf import EmfMetrics
from shared.errors import ConfigurationError
from shared.language_models.geography import check_geographies
from shared.ledger.ports import ReplayOutcomes
from shared.log import configure_logging
from shared.messages.commands import CHAT_COMMAND
from shared.metrics import Metrics
from shared.settings import PoolSettings
from workers.chat.adapters.bedrock.lean_converse import open_converse
from workers.chat.adapters.bedrock.model import MAX_SILENCE_SECONDS, BedrockModel
from workers.chat.adapters.budget_warnings import BudgetWarnings
from workers.chat.adapters.capped_spending import CappedSpending
from workers.chat.adapters.queued_queries import QueuedBookingQueries
from workers.chat.dependencies import MODEL_CIRCUITS, ChatPorts, ModelSettings
from workers.chat.domain.tool import ToolBuilder
from workers.chat.handler.dispatch import ChatHandler
from workers.chat.handler.progress import ChatVisitor
from workers.chat.handler.shedding import ChatShedding
from workers.chat.ports import BookingQueries
from workers.chat.settings import ChatSettings
from workers.chat.tools import find_times, find_visits, hand_over, offer_booking

MAX_ATTEMPTS = 3
"""A visitor waits for the answer: three attempts take about ten seconds."""


@asynccontextmanager
async def open_worker() -> AsyncIterator[Worker]:
    """Open the worker with everything that it needs."""
    settings, pool_settings, clock = ChatSettings(), PoolSettings(), SystemClock()
    configure_logging(level=settings.log_level, component="chat")
    check_model_geographies(settings)
    check_intent_model(settings)
    metrics = EmfMetrics(clock=clock, namespace=settings.metrics_namespace)
    circuits = CircuitReports(metrics=metrics, clock=clock, process=name_process("chat"))
    async with open_aws_clients(settings) as clients:
        stores = await open_visitor_stores(clients, settings, clock, pool_settings.transport, circuits)
        if settings.limits_table:
            circuits.record_in(DynamoCircuitRecords(client=stores.dynamodb, table=settings.limits_table, clock=clock))
        queues = describe_queues(
            settings,
            pool_settings,
            ports=await open_ports(
                clients, settings, pool_settings, stores=stores, circuits=circuits, clock=clock, metrics=metrics
            ),
            replies=stores.replies,
            claims=stores.claims,
            outcomes=DynamoReplayOutcomes(client=stores.dynamodb, table=settings.failures_table, queue="chat"),
        )
        yield await build_worker(
            queues,
            connector=SqsConnector(clients, aws=settings, clock=clock, settings=pool_settings),
            claims=stores.claims,
            clock=clock,
            metrics=metrics,
            settings=pool_settings,
        )


async def open_ports(
    clients: AwsClients,
    settings: ChatSettings,
    pool_settings: PoolSettings,
    *,
    stores: VisitorStores,
    circuits: CircuitReports,
    clock: Clock,
    metrics: Metrics,
) -> ChatPorts:
    """Open the ports of the use case."""
    credentials = _build_bedrock_credentials(settings)
    bedrock = await clients.open_client(
        "bedrock-runtime",
        # The adapter's own limits end a call before this one does, and `handler/attempts.py` alone repeats it.
        read_timeout_seconds=MAX_SILENCE_SECONDS + 5,
        attempts=1,
        # An answer keeps its connection while it streams.
        connections=pool_settings.concurrency,
        region=settings.bedrock_region,
        credentials=credentials,
    )
    converse = await open_converse(
        clients, bedrock, credentials=credentials, clock=clock, transport=pool_settings.transport
    )
    usage = DynamoUsageStore(client=stores.dynamodb, table=settings.usage_table)
    tenants = open_tenant_directory(settings, clock, metrics, compiles_profiles=True)
    store = DynamoSpendingStore(client=stores.dynamodb, table=settings.usage_table, clock=clock)
    sends = await clients.open_client("sqs")
    url = settings.notifications_queue_url
    notices = SqsNoticeQueue(calls=sends, url=url) if url else None
    booking = QueuedBookingQueries(
        commands=SqsInternalCommandQueue(calls=sends, url=settings.booking_queue_url),
        answers=DynamoQueryAnswers(client=stores.dynamodb, table=settings.processed_table, clock=clock),
        clock=clock,
    )
    models = ModelSettings(
        settings.bedrock_model_id, settings.fallback_model_id or None, settings.intent_model_id or None
    )
    allowed = settings.allowed_model_ids
    return ChatPorts(
        model=BedrockModel(
            client=converse,
            default_model_id=models.default_model_id,
            allowed_model_ids=(*allowed, models.fallback_model_id) if allowed and models.fallback_model_id else allowed,
            may_leave_geography=settings.models_may_leave_geography,
        ),
        models=models,
        tools=list_tools(booking if settings.booking_queue_url else None),
        spending=CappedSpending(
            store=store,
            usage=usage,
            tenants=tenants,
            warnings=BudgetWarnings(store=store, notices=notices, clock=clock),
            clock=clock,
        ),
        tenants=tenants,
        conversations=stores.conversations,
        handovers=DynamoHandoverStore(client=stores.dynamodb, table=settings.conversations_table, clock=clock),
        notices=notices,
        usage=usage,
        questions=DynamoUnansweredQuestions(client=stores.dynamodb, table=settings.usage_table),
        metrics=metrics,
        clock=clock,
        model_circuits=circuits.open_breaker("bedrock", MODEL_CIRCUITS),
        sorting_circuits=circuits.open_breaker("bedrock_sorting", MODEL_CIRCUITS),
        handler_timeout=timedelta(seconds=pool_settings.handler_timeout_seconds),
    )


def describe_queues(
    settings: ChatSettings,
    pool_settings: PoolSettings,
    *,
    ports: ChatPorts,
    replies: Replies,
    claims: ClaimStore,
    outcomes: ReplayOutcomes,
) -> tuple[QueueDescription, ...]:
    """Return the description of the queue of visitors' messages."""
    return (
        MessageQueue(
            url=settings.chat_queue_url,
            dead_letter_url=settings.chat_dlq_url,
            messages=CHAT_COMMAND,
            handler=ChatHandler(ports=ports, replies=replies, claims=claims),
            max_attempts=min(MAX_ATTEMPTS, pool_settings.max_attempts),
            outcomes=outcomes,
            shedding=ChatShedding(replies=replies),
            visitor=ChatVisitor(replies.waiting, ports.clock),
        ),
    )


def list_tools(booking: BookingQueries | None) -> tuple[ToolBuilder, ...]:
    """Return the tools of the assistant, in the order in which the model reads them; some need somebody to ask."""
    tools: list[ToolBuilder] = [offer_booking.build, hand_over.build]
    if booking is not None:
        tools.append(partial(find_times.build, booking=booking))
        tools.append(partial(find_visits.build, booking=booking))
    return tuple(tools)


def check_intent_model(settings: ChatSettings) -> None:
    """Check that the worker may invoke the model that sorts messages: it has no permission of its own.

    Raises:
        ConfigurationError: it is none of the models that are allowed.
    """
    allowed = {settings.bedrock_model_id, settings.fallback_model_id, *settings.allowed_model_ids}
    if settings.intent_model_id and settings.allowed_model_ids and settings.intent_model_id not in allowed:
        raise ConfigurationError(f"IntentModelId: add {settings.intent_model_id} to AllowedModelIds")


def check_model_geographies(settings: ChatSettings) -> None:
    """Check that all models that may be invoked keep what visitors write in one geography.

    Raises:
        ConfigurationError: they do not, and the deployer has not allowed that.
    """
    models = (
        settings.bedrock_model_id,
        settings.fallback_model_id,
        settings.intent_model_id,
        *settings.allowed_model_ids,
    )
    check_geographies(filter(None, models), may_leave=settings.models_may_leave_geography)


def _build_bedrock_credentials(settings: ChatSettings) -> Credentials | None:
    if not (settings.bedrock_access_key_id and settings.bedrock_secret_access_key):
        return None
    token = settings.bedrock_session_token
    return Credentials(
        access_key_id=settings.bedrock_access_key_id.get_secret_value(),
        secret_access_key=settings.bedrock_secret_access_key.get_secret_value(),
        session_token=token.get_secret_value() if token else None,
    )
