"""The only file of notifications that knows every concrete class."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from shared.aws.claims import DynamoClaimStore
from shared.aws.clients import AwsClients, aws_clients
from shared.aws.knowledge import open_knowledge
from shared.aws.ledger.replay_outcomes import DynamoReplayOutcomes
from shared.aws.secrets import open_secrets
from shared.aws.suppressions import DynamoSuppressions
from shared.aws.worker import Line, Worker, open_line
from shared.clock import Clock, SystemClock
from shared.consumer.decode import Decoder
from shared.consumer.disposition import RetryPolicy
from shared.consumer.multi_queue import BatchGroup, PoolGroup
from shared.consumer.process import Processor
from shared.emf import EmfMetrics
from shared.links import Links
from shared.log import configure_logging
from shared.messages.notices import NOTICE
from shared.metrics import Metrics
from shared.settings import PoolSettings
from workers.notifications.adapters.changes import DynamoChanges
from workers.notifications.adapters.letters import TemplateLetters
from workers.notifications.adapters.ses import SesMailer
from workers.notifications.adapters.ses_events import feedback_reports
from workers.notifications.adapters.sns import SnsAlerts, SnsTexter
from workers.notifications.adapters.text_messages import TemplateTextMessages
from workers.notifications.adapters.turns import DynamoTurns
from workers.notifications.domain import LONGEST_WAIT
from workers.notifications.handler import FeedbackHandler, NotificationHandler, NotificationPorts
from workers.notifications.settings import NotificationsSettings

_NOTICE_ATTEMPTS = 10
"""A provider that throttles for minutes is no fault of a notice: the waits add up to three minutes or so."""

_FEEDBACK_ATTEMPTS = 50
"""Nobody waits for it, and without it letters go on to people who want none."""

_SEND_SECONDS = 20
"""A provider that is slow has mostly taken what it was given: whoever hangs up early sends it twice."""


@asynccontextmanager
async def worker() -> AsyncIterator[Worker]:
    """Open everything that notifications needs: the queue of notices, and the one on which bounces come back."""
    settings, clock = NotificationsSettings(), SystemClock()
    metrics = EmfMetrics(clock=clock)
    configure_logging(level=settings.log_level, component="notifications")
    pool_settings = PoolSettings()
    async with aws_clients(settings) as clients:
        dynamodb = await clients.client("dynamodb", connections=100)
        claims = DynamoClaimStore(client=dynamodb, table=settings.processed_table, clock=clock)
        ports = await open_ports(clients, settings, dynamodb=dynamodb, clock=clock, metrics=metrics)

        async def line(url: str) -> Line:
            return await open_line(
                clients,
                aws=settings,
                url=url,
                dead_letter_url=settings.notifications_dlq_url,
                clock=clock,
                metrics=metrics,
                # Both have one health check.
                settings=pool_settings.model_copy(update={"health_port": None}),
            )

        notices, feedback = await line(settings.notifications_queue_url), await line(settings.feedback_queue_url)
        core: dict[str, Any] = {
            "claims": claims,
            "clock": clock,
            "lease": timedelta(seconds=pool_settings.lease_seconds),
        }
        notice_attempts = max(pool_settings.max_attempts, _NOTICE_ATTEMPTS)
        notice_pool, notice_batch = notices.worked_by(
            Processor(
                queue=notices.queue,
                decoder=Decoder(NOTICE),
                handler=NotificationHandler(ports=ports, claims=claims),
                leases=notices.leases,
                policy=RetryPolicy(max_attempts=notice_attempts),
                telemetry=notices.telemetry,
                outcomes=DynamoReplayOutcomes(client=dynamodb, table=settings.failures_table, queue="notifications"),
                **core,
            ),
            max_attempts=notice_attempts,
        )
        feedback_pool, feedback_batch = feedback.worked_by(
            Processor(
                queue=feedback.queue,
                decoder=Decoder(feedback_reports(settings.feedback_topic_arn)),
                handler=FeedbackHandler(suppressions=ports.suppressions, claims=claims, metrics=metrics, clock=clock),
                leases=feedback.leases,
                policy=RetryPolicy(max_attempts=_FEEDBACK_ATTEMPTS),
                telemetry=feedback.telemetry,
                **core,
            ),
            max_attempts=_FEEDBACK_ATTEMPTS,
        )
        yield Worker(
            PoolGroup([notice_pool, feedback_pool], health_port=pool_settings.health_port),
            BatchGroup({notices.queue.name: notice_batch, feedback.queue.name: feedback_batch}),
            (notices.leases, feedback.leases),
        )


async def open_ports(
    clients: AwsClients, settings: NotificationsSettings, *, dynamodb: Any, clock: Clock, metrics: Metrics
) -> NotificationPorts:
    """Open what the use cases work with."""
    secrets = open_secrets(settings, clock=clock)
    code_key = secrets.text(settings.code_key_secret_id).encode()
    # One try: each is counted as an attempt, and backed off from, by the core.
    sending: dict[str, Any] = {"read_timeout_seconds": _SEND_SECONDS, "attempts": 1}
    # Most deployments need none, and a client takes its time to open.
    sns = await clients.client("sns", **sending) if settings.sms_enabled or settings.sns_topic_arn else None
    return NotificationPorts(
        letters=TemplateLetters(),
        mailer=(
            SesMailer(
                client=await clients.client("sesv2", **sending),
                sender=settings.ses_from_email,
                configuration_set=settings.ses_configuration_set,
            )
            if settings.ses_from_email
            else None
        ),
        text_messages=TemplateTextMessages(),
        texter=(
            SnsTexter(client=sns, max_price_usd=settings.sms_max_price_usd, sender_id=settings.sms_sender_id)
            if settings.sms_enabled
            else None
        ),
        alerts=SnsAlerts(client=sns, topic_arn=settings.sns_topic_arn) if settings.sns_topic_arn else None,
        suppressions=DynamoSuppressions(client=dynamodb, table=settings.suppressions_table, secret=code_key),
        turns=DynamoTurns(
            client=dynamodb,
            table=settings.limits_table,
            per_minute=settings.notices_per_minute,
            longest_wait=LONGEST_WAIT,
        ),
        changes=DynamoChanges(client=dynamodb, table=settings.limits_table),
        tenants=open_knowledge(settings, clock, metrics),
        metrics=metrics,
        clock=clock,
        code_key=code_key,
        links=Links(code_key),
    )
