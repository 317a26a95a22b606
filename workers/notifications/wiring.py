"""The only file of notifications that knows every concrete class."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import boto3

from shared.aws.claims import DynamoClaimStore
from shared.aws.clients import aws_clients
from shared.aws.knowledge import open_knowledge
from shared.aws.secrets import Secrets
from shared.aws.worker import Worker, assemble
from shared.clock import SystemClock
from shared.emf import EmfMetrics
from shared.log import configure_logging
from shared.messages.notices import NOTICE, AnyNotice
from shared.settings import PoolSettings
from workers.notifications.adapters.letters import TemplateLetters
from workers.notifications.adapters.ses import SesMailer
from workers.notifications.handler import NotificationHandler
from workers.notifications.settings import NotificationsSettings


@asynccontextmanager
async def worker() -> AsyncIterator[Worker[AnyNotice]]:
    """Open everything that notifications needs."""
    settings, clock = NotificationsSettings(), SystemClock()
    metrics = EmfMetrics(clock=clock)
    configure_logging(level=settings.log_level, component="notifications")
    secrets = Secrets(
        client=boto3.client("secretsmanager", region_name=settings.aws_region, endpoint_url=settings.aws_endpoint_url),
        clock=clock,
    )
    async with aws_clients(settings) as clients:
        claims = DynamoClaimStore(client=await clients.client("dynamodb"), table=settings.processed_table, clock=clock)
        handler = NotificationHandler(
            letters=TemplateLetters(),
            mailer=SesMailer(client=await clients.client("sesv2"), sender=settings.ses_from_email),
            tenants=open_knowledge(settings, clock, metrics),
            claims=claims,
            clock=clock,
            code_key=secrets.text(settings.code_key_secret_id).encode(),
        )
        yield await assemble(
            clients,
            aws=settings,
            url=settings.notifications_queue_url,
            dead_letter_url=settings.notifications_dlq_url,
            messages=NOTICE,
            handler=handler,
            claims=claims,
            clock=clock,
            metrics=metrics,
            settings=PoolSettings(),
        )
