"""The only file of the ingress that knows every concrete class."""

from typing import Any

import boto3
from botocore.config import Config

from api_gateway_ws.adapters.command_publisher import SqsCommandPublisher
from api_gateway_ws.adapters.poster import ManagementApiPoster
from api_gateway_ws.adapters.sessions import DynamoAnswerStopFlags, DynamoSessions
from api_gateway_ws.auth import SessionTokens
from api_gateway_ws.authorizer import ConnectAuthorizer
from api_gateway_ws.ingress import Ingress
from api_gateway_ws.settings import AuthorizerSettings, IngressSettings
from shared.aws.knowledge import KnowledgeBucket
from shared.aws.secrets import open_secrets
from shared.clock import SystemClock
from shared.emf import EmfMetrics
from shared.log import configure_logging
from shared.settings import AwsSettings


def build_ingress() -> Ingress:
    """Return the ingress with its real adapters."""
    settings = IngressSettings()
    configure_logging(level=settings.log_level, component="ingress")
    clock = SystemClock()
    dynamodb = _build_client("dynamodb", settings)
    return Ingress(
        publisher=SqsCommandPublisher(
            client=_build_client("sqs", settings),
            chat_url=settings.chat_queue_url,
            booking_url=settings.booking_queue_url,
        ),
        sessions=DynamoSessions(
            client=dynamodb,
            connections_table=settings.connections_table,
            conversations_table=settings.conversations_table,
        ),
        stops=DynamoAnswerStopFlags(client=dynamodb, table=settings.processed_table),
        poster=ManagementApiPoster(
            _build_client("apigatewaymanagementapi", settings, endpoint_url=settings.websocket_endpoint)
        ),
        profiles=_build_knowledge_bucket(settings),
        tokens=_build_session_tokens(settings, settings.session_key_secret_id),
        clock=clock,
    )


def build_authorizer() -> ConnectAuthorizer:
    """Return the authorizer with its real adapters."""
    settings = AuthorizerSettings()
    configure_logging(level=settings.log_level, component="authorizer")
    return ConnectAuthorizer(
        profiles=_build_knowledge_bucket(settings),
        tokens=_build_session_tokens(settings, settings.session_key_secret_id),
        clock=SystemClock(),
    )


def _build_knowledge_bucket(settings: AwsSettings) -> KnowledgeBucket:
    clock = SystemClock()
    return KnowledgeBucket(
        client=_build_client("s3", settings),
        bucket=settings.knowledge_bucket,
        clock=clock,
        metrics=EmfMetrics(clock=clock),
    )


def _build_session_tokens(settings: AwsSettings, secret_id: str) -> SessionTokens:
    secrets = open_secrets(settings, clock=SystemClock())
    return SessionTokens(secrets.get_text(secret_id).split())


def _build_client(service: str, settings: AwsSettings, *, endpoint_url: str | None = None) -> Any:
    config = Config(
        connect_timeout=2,
        read_timeout=5,
        retries={"mode": "standard", "total_max_attempts": 3},
        s3={"addressing_style": "path"} if settings.aws_endpoint_url else None,
    )
    return boto3.client(
        service,
        region_name=settings.aws_region,
        endpoint_url=endpoint_url or settings.aws_endpoint_url,
        config=config,
    )
