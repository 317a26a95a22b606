"""The only file of the ingress that knows every concrete class; the authorizer has its own."""

from api_gateway_ws.adapters.command_publisher import SqsCommandPublisher
from api_gateway_ws.adapters.edge_profiles import EdgeProfiles
from api_gateway_ws.adapters.judgements import DynamoJudgements
from api_gateway_ws.adapters.poster import ManagementApiPoster
from api_gateway_ws.adapters.session_key import SecretSessionTokens
from api_gateway_ws.adapters.sessions import DynamoAnswerStopFlags, DynamoSessions
from api_gateway_ws.adapters.token_states import DynamoTokenStates
from api_gateway_ws.clients import Clients
from api_gateway_ws.ingress import Ingress
from api_gateway_ws.limits_wiring import build_limiters
from api_gateway_ws.settings import IngressSettings
from shared.aws.secret_cache import Secrets
from shared.clock import SystemClock
from shared.emf import EmfMetrics
from shared.log import configure_logging


def build_ingress() -> Ingress:
    """Return the ingress with its real adapters."""
    settings, clock = IngressSettings.model_validate({}), SystemClock()
    configure_logging(level=settings.log_level, component="ingress")
    clients = Clients(settings, clock)
    dynamodb = clients.open("dynamodb")
    sessions = DynamoSessions(
        client=dynamodb,
        connections_table=settings.connections_table,
        conversations_table=settings.conversations_table,
    )
    secrets = Secrets(client=clients.open("secretsmanager"), clock=clock)
    tokens = SecretSessionTokens(secrets=secrets, secret_id=settings.session_key_secret_id)
    limiters = build_limiters(settings, clients=clients, connections=sessions, digests=tokens, clock=clock)
    return Ingress(
        publisher=SqsCommandPublisher(
            client=clients.open("sqs"), chat_url=settings.chat_queue_url, booking_url=settings.booking_queue_url
        ),
        sessions=sessions,
        judgements=DynamoJudgements(client=dynamodb, table=settings.conversations_table),
        stops=DynamoAnswerStopFlags(client=dynamodb, table=settings.processed_table),
        poster=ManagementApiPoster(clients.open_connections(settings.websocket_endpoint)),
        profiles=EdgeProfiles(
            bucket=clients.open_bucket(settings.knowledge_bucket),
            clock=clock,
            metrics=EmfMetrics(clock=clock, namespace=settings.metrics_namespace),
        ),
        tokens=tokens,
        states=DynamoTokenStates(client=dynamodb, table=settings.connections_table),
        limiter=limiters.frames,
        connect_limiter=limiters.connects,
        clock=clock,
    )
