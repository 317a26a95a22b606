"""The only file of notifications that knows every concrete class."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import boto3

from shared.aws.claims import DynamoClaimStore
from shared.aws.clients import aws_clients
from shared.aws.knowledge import open_knowledge
from shared.aws.replay_outcomes import DynamoReplayOutcomes
from shared.aws.secrets import Secrets
from shared.aws.worker import Worker, assemble
from shared.clock import SystemClock
from shared.emf import EmfMetrics
from shared.links import Links
from shared.log import configure_logging
from shared.messages.notices import NOTICE
from shared.settings import PoolSettings
from workers.notifications.adapters.letters import TemplateLetters
from workers.notifications.adapters.ses import SesMailer
from workers.notifications.adapters.sns import SnsAlerts, SnsTexter
from workers.notifications.adapters.text_messages import TemplateTextMessages
from workers.notifications.handler import NotificationHandler, Roles
from workers.notifications.settings import NotificationsSettings


@asynccontextmanager
async def worker() -> AsyncIterator[Worker]:
    """Open everything that notifications needs."""
    settings, clock = NotificationsSettings(), SystemClock()
    metrics = EmfMetrics(clock=clock)
    configure_logging(level=settings.log_level, component="notifications")
    secrets = Secrets(
        client=boto3.client("secretsmanager", region_name=settings.aws_region, endpoint_url=settings.aws_endpoint_url),
        clock=clock,
    )
    async with aws_clients(settings) as clients:
        dynamodb = await clients.client("dynamodb")
        claims = DynamoClaimStore(client=dynamodb, table=settings.processed_table, clock=clock)
        code_key = secrets.text(settings.code_key_secret_id).encode()
        # Most deployments need none, and a client takes its time to open.
        sns = await clients.client("sns") if settings.sms_enabled or settings.sns_topic_arn else None
        roles = Roles(
            letters=TemplateLetters(),
            mailer=SesMailer(client=await clients.client("sesv2"), sender=settings.ses_from_email),
            text_messages=TemplateTextMessages(),
            texter=SnsTexter(client=sns) if settings.sms_enabled else None,
            alerts=SnsAlerts(client=sns, topic_arn=settings.sns_topic_arn) if settings.sns_topic_arn else None,
            tenants=open_knowledge(settings, clock, metrics),
            clock=clock,
            code_key=code_key,
            links=Links(code_key),
        )
        yield await assemble(
            clients,
            aws=settings,
            url=settings.notifications_queue_url,
            dead_letter_url=settings.notifications_dlq_url,
            messages=NOTICE,
            handler=NotificationHandler(roles=roles, claims=claims),
            claims=claims,
            clock=clock,
            metrics=metrics,
            settings=PoolSettings(),
            outcomes=DynamoReplayOutcomes(
                client=dynamodb, table=settings.failures_table, queue="notifications", by="notifications"
            ),
        )
