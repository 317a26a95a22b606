"""The only file of notifications that knows every concrete class."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from shared.aws.circuit_records import DynamoCircuitRecords
from shared.aws.clients import AwsClients, open_aws_clients
from shared.aws.conversations.conversation_store import DynamoConversationStore
from shared.aws.knowledge import open_tenant_directory
from shared.aws.lean_management_api import open_management_api
from shared.aws.ledger.replay_outcomes import DynamoReplayOutcomes
from shared.aws.queue_connector import SqsConnector
from shared.aws.secrets import open_secrets
from shared.aws.spending.text_message_budgets import DynamoTextMessageBudgets
from shared.aws.stores import Stores, open_stores
from shared.aws.suppressions import DynamoSuppressions
from shared.aws.websocket import ApiGatewayPoster
from shared.circuits.reports import CircuitReports, name_process
from shared.claims import ClaimStore
from shared.clock import Clock, SystemClock
from shared.consumer.queue_description import MessageQueue, QueueDescription
from shared.consumer.worker import Worker, build_worker
from shared.conversations.waiting import WaitingVisitors
from shared.email_links import Links
from shared.emf import EmfMetrics
from shared.ledger.ports import ReplayOutcomes
from shared.log import configure_logging
from shared.messages.notices import NOTICE, AnyNotice, SendCode
from shared.metrics import Metrics
from shared.retention import DAILY_RATE_RETENTION
from shared.settings import PoolSettings
from workers.notifications.adapters.email_templates import JinjaEmailTemplates
from workers.notifications.adapters.guarded_senders import GuardedAlerts, GuardedMailer, GuardedSmsSender
from workers.notifications.adapters.send_rate import DynamoSendRateLimiter
from workers.notifications.adapters.ses import SesMailer
from workers.notifications.adapters.ses_events import build_feedback_report_adapter
from workers.notifications.adapters.sns import SnsAlerts, SnsSmsSender
from workers.notifications.adapters.text_message_templates import JinjaTextMessageTemplates
from workers.notifications.adapters.visit_changes import DynamoVisitChanges
from workers.notifications.domain import (
    CONTACT_BURST,
    CONTACT_NOTICES_PER_MINUTE,
    MAX_DAILY_WAIT,
    MAX_SEND_WAIT,
)
from workers.notifications.handler import FeedbackHandler, NotificationHandler, NotificationPorts
from workers.notifications.handler.late_codes import CodeVisitor, choose_code_policy
from workers.notifications.settings import NotificationsSettings

_NOTICE_ATTEMPTS = 10
"""A provider may throttle for minutes: the delays of these attempts add up to about three minutes."""

_FEEDBACK_ATTEMPTS = 50
"""No visitor waits for feedback, but if it is lost, e-mails still go to addresses that bounced or complained."""

_SEND_SECONDS = 20
"""A slow provider has mostly accepted the message: a shorter timeout would send more messages twice."""


_MINUTES_A_DAY = 24 * 60


@asynccontextmanager
async def open_worker() -> AsyncIterator[Worker]:
    """Open the worker with everything that it needs."""
    settings, pool_settings, clock = NotificationsSettings(), PoolSettings(), SystemClock()
    configure_logging(level=settings.log_level, component="notifications")
    metrics = EmfMetrics(clock=clock, namespace=settings.metrics_namespace)
    circuits = CircuitReports(metrics=metrics, clock=clock, process=name_process("notifications"))
    async with open_aws_clients(settings) as clients:
        stores = await open_stores(clients, settings, clock, pool_settings.transport, circuits)
        circuits.record_in(DynamoCircuitRecords(client=stores.dynamodb, table=settings.limits_table, clock=clock))
        queues = describe_queues(
            settings,
            pool_settings,
            ports=await open_ports(clients, settings, stores=stores, circuits=circuits, clock=clock, metrics=metrics),
            claims=stores.claims,
            outcomes=DynamoReplayOutcomes(client=stores.dynamodb, table=settings.failures_table, queue="notifications"),
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
    settings: NotificationsSettings,
    *,
    stores: Stores,
    circuits: CircuitReports,
    clock: Clock,
    metrics: Metrics,
) -> NotificationPorts:
    """Open the ports of the use cases."""
    secrets = open_secrets(settings, clock=clock)
    code_key = secrets.get_text(settings.code_key_secret_id).encode()
    # One attempt per call: the worker core counts attempts and backs off.
    open_sender = partial(clients.open_client, read_timeout_seconds=_SEND_SECONDS, attempts=1)
    # Opening a client is slow, and most deployments use none.
    sns = await open_sender("sns") if settings.sms_enabled or settings.alert_topic else None
    return NotificationPorts(
        email_templates=JinjaEmailTemplates(),
        mailer=(
            GuardedMailer(
                SesMailer(
                    client=await open_sender("sesv2"),
                    sender=settings.ses_from_email,
                    configuration_set=settings.ses_configuration_set,
                ),
                circuits,
            )
            if settings.ses_from_email
            else None
        ),
        text_message_templates=JinjaTextMessageTemplates(),
        sms_sender=(
            GuardedSmsSender(
                SnsSmsSender(client=sns, max_price_usd=settings.sms_max_price_usd, sender_id=settings.sms_sender_id),
                circuits,
            )
            if settings.sms_enabled
            else None
        ),
        alerts=(
            GuardedAlerts(SnsAlerts(client=sns, topic_arn=settings.alert_topic), circuits)
            if settings.alert_topic
            else None
        ),
        suppressions=DynamoSuppressions(client=stores.dynamodb, table=settings.suppressions_table, secret=code_key),
        send_rate_limiter=DynamoSendRateLimiter(
            client=stores.dynamodb,
            table=settings.limits_table,
            per_minute=settings.notices_per_minute,
            max_wait=MAX_SEND_WAIT,
        ),
        contact_rate_limiter=DynamoSendRateLimiter(
            client=stores.dynamodb,
            table=settings.limits_table,
            per_minute=CONTACT_NOTICES_PER_MINUTE,
            max_wait=MAX_SEND_WAIT,
            burst=CONTACT_BURST,
        ),
        daily_rate_limiter=DynamoSendRateLimiter(
            client=stores.dynamodb,
            table=settings.limits_table,
            per_minute=settings.notices_per_contact / _MINUTES_A_DAY,
            max_wait=MAX_DAILY_WAIT,
            retention=DAILY_RATE_RETENTION,
        ),
        sms_budgets=DynamoTextMessageBudgets(client=stores.dynamodb, table=settings.limits_table),
        sms_max_price_usd=settings.sms_max_price_usd,
        sms_daily_usd=settings.sms_daily_usd,
        notices_per_contact=settings.notices_per_contact,
        visit_changes=DynamoVisitChanges(client=stores.dynamodb, table=settings.limits_table),
        tenants=open_tenant_directory(settings, clock, metrics, compiles_profiles=True),
        metrics=metrics,
        clock=clock,
        code_key=code_key,
        conversations=(
            DynamoConversationStore(
                client=stores.dynamodb,
                table=settings.conversations_table,
                processed_table=settings.processed_table,
                clock=clock,
            )
            if settings.conversations_table
            else None
        ),
        links=Links(code_key),
        waiting=await _open_waiting(clients, settings, clock),
    )


def describe_queues(
    settings: NotificationsSettings,
    pool_settings: PoolSettings,
    *,
    ports: NotificationPorts,
    claims: ClaimStore,
    outcomes: ReplayOutcomes,
) -> tuple[QueueDescription, ...]:
    """Return the descriptions of the queues of notices, of codes, and of bounces and complaints."""
    handler, attempts = (
        NotificationHandler(ports=ports, claims=claims),
        max(_NOTICE_ATTEMPTS, pool_settings.max_attempts),
    )

    def describe_notices(url: str) -> MessageQueue[AnyNotice]:
        return MessageQueue(
            url=url,
            dead_letter_url=settings.notifications_dlq_url,
            messages=NOTICE,
            handler=handler,
            max_attempts=attempts,
            outcomes=outcomes,
            shedding=None,
            visitor=CodeVisitor(ports.waiting, ports.clock),
            policies={
                SendCode: partial(choose_code_policy, max_attempts=attempts, is_reported=ports.waiting is not None)
            },
        )

    # A code of the release before, or one that is replayed, is on the queue of notices: both take both.
    urls = filter(None, (settings.notifications_queue_url, settings.codes_queue_url))
    return (
        *map(describe_notices, urls),
        MessageQueue(
            url=settings.feedback_queue_url,
            dead_letter_url=settings.notifications_dlq_url,
            messages=build_feedback_report_adapter(settings.feedback_topic_arn),
            handler=FeedbackHandler(
                suppressions=ports.suppressions, claims=claims, metrics=ports.metrics, clock=ports.clock
            ),
            max_attempts=_FEEDBACK_ATTEMPTS,
            outcomes=None,
            shedding=None,
            visitor=None,
        ),
    )


async def _open_waiting(clients: AwsClients, settings: NotificationsSettings, clock: Clock) -> WaitingVisitors | None:
    """Open the way to visitors whose code is late, if the stack has told where it is."""
    if not settings.websocket_endpoint:
        return None
    api = await open_management_api(
        clients, settings.websocket_endpoint, clock=clock, transport=PoolSettings().transport
    )
    return WaitingVisitors(ApiGatewayPoster(api))
