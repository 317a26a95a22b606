"""The only file of the authorizer that knows every concrete class. It imports nothing of the ingress."""

from api_gateway_ws.adapters.edge_profiles import EdgeProfiles
from api_gateway_ws.adapters.session_key import SecretSessionTokens
from api_gateway_ws.adapters.sessions import DynamoSessions
from api_gateway_ws.adapters.token_states import DynamoTokenStates
from api_gateway_ws.authorizer import ConnectAuthorizer
from api_gateway_ws.clients import Clients
from api_gateway_ws.limits_wiring import build_limiters
from api_gateway_ws.settings import AuthorizerSettings
from shared.aws.secret_cache import Secrets
from shared.clock import SystemClock
from shared.emf import EmfMetrics
from shared.log import configure_logging


def build_authorizer() -> ConnectAuthorizer:
    """Return the authorizer with its real adapters."""
    settings, clock = AuthorizerSettings.model_validate({}), SystemClock()
    configure_logging(level=settings.log_level, component="authorizer")
    clients = Clients(settings, clock)
    dynamodb = clients.open("dynamodb")
    secrets = Secrets(client=clients.open("secretsmanager"), clock=clock)
    tokens = SecretSessionTokens(secrets=secrets, secret_id=settings.session_key_secret_id)
    tokens.read_keys()
    connections = DynamoSessions(
        client=dynamodb,
        connections_table=settings.connections_table,
        conversations_table=settings.conversations_table,
    )
    return ConnectAuthorizer(
        profiles=EdgeProfiles(
            bucket=clients.open_bucket(settings.knowledge_bucket),
            clock=clock,
            metrics=EmfMetrics(clock=clock, namespace=settings.metrics_namespace),
        ),
        tokens=tokens,
        states=DynamoTokenStates(client=dynamodb, table=settings.connections_table),
        limiter=build_limiters(
            settings, clients=clients, connections=connections, digests=tokens, clock=clock
        ).connects,
        clock=clock,
    )
