"""The only file of chat that knows every concrete class."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.aws.clients import Credentials, aws_clients
from shared.aws.knowledge import open_knowledge
from shared.aws.ledger.replay_outcomes import DynamoReplayOutcomes
from shared.aws.usage import DynamoUsageStore
from shared.aws.worker import Worker, assemble, open_stores
from shared.clock import SystemClock
from shared.emf import EmfMetrics
from shared.log import configure_logging
from shared.messages.commands import CHAT_COMMAND
from shared.settings import PoolSettings
from workers.chat.adapters.bedrock import SILENCE_SECONDS, BedrockModel
from workers.chat.handler import ChatHandler
from workers.chat.settings import ChatSettings

MAX_ATTEMPTS = 3
"""A visitor waits for the answer: three tries take about ten seconds."""


@asynccontextmanager
async def worker() -> AsyncIterator[Worker]:
    """Open everything that chat needs."""
    settings, pool_settings, clock = ChatSettings(), PoolSettings(), SystemClock()
    configure_logging(level=settings.log_level, component="chat")
    metrics = EmfMetrics(clock=clock)
    async with aws_clients(settings) as clients:
        stores = await open_stores(clients, settings, clock)
        bedrock = await clients.client(
            "bedrock-runtime",
            read_timeout_seconds=SILENCE_SECONDS + 5,
            attempts=2,
            region=settings.bedrock_region,
            credentials=_bedrock_credentials(settings),
        )
        handler = ChatHandler(
            model=BedrockModel(client=bedrock, default_model_id=settings.bedrock_model_id),
            tenants=open_knowledge(settings, clock, metrics),
            conversations=stores.conversations,
            claims=stores.claims,
            usage=DynamoUsageStore(client=stores.dynamodb, table=settings.usage_table),
            replies=stores.replies,
            metrics=metrics,
            clock=clock,
        )
        yield await assemble(
            clients,
            aws=settings,
            url=settings.chat_queue_url,
            dead_letter_url=settings.chat_dlq_url,
            messages=CHAT_COMMAND,
            handler=handler,
            claims=stores.claims,
            clock=clock,
            metrics=metrics,
            settings=pool_settings,
            outcomes=DynamoReplayOutcomes(client=stores.dynamodb, table=settings.failures_table, queue="chat"),
            max_attempts=min(MAX_ATTEMPTS, pool_settings.max_attempts),
        )


def _bedrock_credentials(settings: ChatSettings) -> Credentials | None:
    if not (settings.bedrock_access_key_id and settings.bedrock_secret_access_key):
        return None
    token = settings.bedrock_session_token
    return Credentials(
        access_key_id=settings.bedrock_access_key_id.get_secret_value(),
        secret_access_key=settings.bedrock_secret_access_key.get_secret_value(),
        session_token=token.get_secret_value() if token else None,
    )
