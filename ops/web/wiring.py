"""The only file that knows every concrete class of the desk in the browser."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

import structlog
from starlette.applications import Starlette

from ops.deployment import Deployment
from ops.metrics import NoMetrics
from ops.today.presence import StaffPresence
from ops.today.today import Today
from ops.web.app import SignIn, create_app
from ops.web.client_address import parse_networks
from ops.web.open_id import OpenIdSignIn
from ops.web.rendering import Rendering
from ops.web.samples import Samples
from ops.web.sessions import Sessions
from ops.web.settings import WebSettings
from ops.web.sign_in import ProcessToken, TokenSignIn
from ops.web.sign_in_limit import SignInLimit
from ops.wiring import (
    build_aws_settings,
    open_answers,
    open_booking_facade,
    open_circuits,
    open_desk,
    open_desk_tokens,
    open_gauge,
    open_usage,
)
from shared.aws.clients import open_aws_clients
from shared.aws.conversations.conversation_audit import DynamoConversationAudit
from shared.aws.conversations.conversation_index import DynamoConversationIndex
from shared.aws.conversations.handovers import DynamoHandoverStore
from shared.aws.knowledge import open_tenant_directory
from shared.aws.sqs import SqsInternalCommandQueue
from shared.aws.stores import open_visitor_stores
from shared.aws.usage import DynamoUsageStore
from shared.clock import Clock, SystemClock

log = structlog.get_logger()


@asynccontextmanager
async def open_web(
    deployment: Deployment, settings: WebSettings, *, public_url: str, process_token: ProcessToken
) -> AsyncIterator[tuple[Starlette, Samples]]:
    """Open the desk of a deployment as an application, with the samples, which the caller has to keep taking.

    Raises:
        ConfigurationError: a part of the deployment is missing or may not be read; the text says which.
    """
    clock = SystemClock()
    async with (
        open_desk(deployment) as desk,
        open_gauge(deployment) as gauge,
        open_today(deployment, clock) as (today, presence),
        open_usage(deployment) as usage,
        open_answers(deployment) as answers,
        open_desk_tokens(deployment) as tokens,
        open_circuits(deployment) as circuits,
    ):
        samples = Samples(gauge=gauge, clock=clock)

        def build_sign_in(sessions: Sessions, rendering: Rendering) -> SignIn:
            if settings.oidc_issuer:
                return OpenIdSignIn(settings=settings, public_url=public_url, sessions=sessions, rendering=rendering)
            return TokenSignIn(
                tokens=tokens,
                process_token=process_token,
                sessions=sessions,
                limit=SignInLimit(clock=clock),
                rendering=rendering,
                trusted_proxies=parse_networks(settings.trusted_proxies),
            )

        key = settings.session_key
        app = create_app(
            desk=desk,
            today=today,
            presence=presence,
            usage=usage,
            answers=answers,
            samples=samples,
            circuits=circuits,
            sign_in=build_sign_in,
            session_key=key.get_secret_value() if key else secrets.token_urlsafe(32),
            public_url=public_url,
            zone=ZoneInfo(settings.time_zone),
            clock=clock,
        )
        try:
            yield app, samples
        finally:
            await app.state.runs.stop()


@asynccontextmanager
async def open_today(deployment: Deployment, clock: Clock) -> AsyncIterator[tuple[Today, StaffPresence]]:
    """Open the owner's day of a deployment, and what shows visitors the presence of staff."""
    aws = build_aws_settings(deployment)
    async with open_aws_clients(aws) as clients:
        stores = await open_visitor_stores(clients, aws, clock, "aiobotocore")
        today = Today(
            tenants=open_tenant_directory(aws, clock, NoMetrics()),
            booking=open_booking_facade(deployment, clients, dynamodb=stores.dynamodb, clock=clock),
            index=DynamoConversationIndex(
                client=stores.dynamodb, table=deployment.require_variable("conversations_table")
            ),
            conversations=stores.conversations,
            audit=DynamoConversationAudit(
                client=stores.dynamodb, table=deployment.require_variable("conversations_table")
            ),
            handovers=DynamoHandoverStore(
                client=stores.dynamodb, table=deployment.require_variable("conversations_table"), clock=clock
            ),
            claims=stores.claims,
            replies=stores.replies,
            usage=DynamoUsageStore(client=stores.dynamodb, table=deployment.require_variable("usage_table")),
            commands=SqsInternalCommandQueue(calls=await clients.open_client("sqs"), url=deployment.queue_urls["chat"]),
            clock=clock,
        )
        yield today, StaffPresence(replies=stores.replies, may_answer=today.may_answer, clock=clock)
