"""Opens the stores that several workers use, and the replies to visitors."""

from dataclasses import dataclass
from typing import Any

from shared.aws.claims import DynamoClaimStore
from shared.aws.clients import AwsClients
from shared.aws.conversations.connections import DynamoConnectionStore
from shared.aws.conversations.conversation_store import DynamoConversationStore
from shared.aws.lean_dynamodb import DYNAMODB_CIRCUITS, open_dynamodb
from shared.aws.lean_management_api import open_management_api
from shared.aws.websocket import ApiGatewayPoster
from shared.circuits.reports import CircuitReports
from shared.clock import Clock
from shared.conversations.replies import Replies
from shared.settings import AwsSettings, Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The stores of every worker."""

    dynamodb: Any
    """The client of the tables, with the methods of botocore's, which makes them at run time: so there is no type."""

    claims: DynamoClaimStore


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitorStores(Stores):
    """The stores of a worker that replies to visitors."""

    conversations: DynamoConversationStore
    replies: Replies


async def open_stores(
    clients: AwsClients,
    settings: AwsSettings,
    clock: Clock,
    transport: Transport,
    circuits: CircuitReports | None = None,
) -> Stores:
    """Open the tables; with `circuits` they are not called for a while when they don't answer."""
    breaker = circuits.open_breaker("dynamodb", DYNAMODB_CIRCUITS) if circuits else None
    dynamodb = await open_dynamodb(clients, clock=clock, transport=transport, breaker=breaker)
    return Stores(
        dynamodb=dynamodb, claims=DynamoClaimStore(client=dynamodb, table=settings.processed_table, clock=clock)
    )


async def open_visitor_stores(
    clients: AwsClients,
    settings: AwsSettings,
    clock: Clock,
    transport: Transport,
    circuits: CircuitReports | None = None,
) -> VisitorStores:
    """Open the tables and the replies to visitors."""
    stores = await open_stores(clients, settings, clock, transport, circuits)
    management_api = await open_management_api(clients, settings.websocket_endpoint, clock=clock, transport=transport)
    conversations = DynamoConversationStore(
        client=stores.dynamodb,
        table=settings.conversations_table,
        processed_table=settings.processed_table,
        clock=clock,
    )
    return VisitorStores(
        dynamodb=stores.dynamodb,
        claims=stores.claims,
        conversations=conversations,
        replies=Replies(
            conversations=conversations,
            connections=DynamoConnectionStore(client=stores.dynamodb, table=settings.connections_table, clock=clock),
            poster=ApiGatewayPoster(management_api),
        ),
    )
