"""The only file of booking that knows every concrete class."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

from shared.aws.clients import aws_clients
from shared.aws.knowledge import open_knowledge
from shared.aws.ledger.replay_outcomes import DynamoReplayOutcomes
from shared.aws.secrets import open_secrets
from shared.aws.sqs import SqsInternalCommandQueue, SqsNoticeQueue
from shared.aws.worker import Worker, assemble, open_stores
from shared.clock import SystemClock
from shared.emf import EmfMetrics
from shared.log import configure_logging
from shared.messages.commands import BOOKING_COMMAND
from shared.settings import PoolSettings
from workers.booking.adapters.appointments import DynamoAppointmentStore
from workers.booking.adapters.cached_calendar import CachedCalendar
from workers.booking.adapters.google_calendar import GoogleCalendar
from workers.booking.adapters.google_credentials import GoogleCredentials
from workers.booking.adapters.scheduler import EventBridgeSchedules
from workers.booking.adapters.sync_tokens import DynamoSyncTokens
from workers.booking.handler import BookingHandler, BookingPorts
from workers.booking.settings import BookingSettings


@asynccontextmanager
async def worker() -> AsyncIterator[Worker]:
    """Open everything that booking needs."""
    settings, clock = BookingSettings(), SystemClock()
    configure_logging(level=settings.log_level, component="booking")
    metrics = EmfMetrics(clock=clock)
    secrets = open_secrets(settings, clock=clock)
    google = GoogleCalendar(
        credentials=GoogleCredentials(
            secrets=secrets if settings.use_secrets_manager else None,
            secret_id=settings.google_secret_id,
            fallback=(
                settings.google_service_account_key.get_secret_value() if settings.google_service_account_key else None
            ),
            subject=settings.google_delegated_subject,
        ),
        clock=clock,
        endpoint=settings.google_calendar_endpoint,
    )
    with closing(google):
        async with aws_clients(settings) as clients:
            stores = await open_stores(clients, settings, clock)
            sends = await clients.client("sqs")
            ports = BookingPorts(
                appointments=DynamoAppointmentStore(
                    client=stores.dynamodb,
                    appointments_table=settings.appointments_table,
                    slots_table=settings.slots_table,
                    limits_table=settings.limits_table,
                    processed_table=settings.processed_table,
                ),
                calendar=CachedCalendar(google, clock),
                notices=SqsNoticeQueue(calls=sends, url=settings.notifications_queue_url),
                commands=SqsInternalCommandQueue(calls=sends, url=settings.booking_queue_url),
                schedules=EventBridgeSchedules(
                    client=await clients.client("scheduler"),
                    group=settings.schedule_group,
                    queue_arn=settings.booking_queue_arn,
                    role_arn=settings.reminder_role_arn,
                ),
                sync_tokens=DynamoSyncTokens(client=stores.dynamodb, table=settings.calendars_table),
                tenants=open_knowledge(settings, clock, metrics),
                metrics=metrics,
                clock=clock,
                code_key=secrets.text(settings.code_key_secret_id).encode(),
                email_enabled=bool(settings.ses_from_email),
                sms_enabled=settings.sms_enabled,
                sms_countries=frozenset(settings.sms_countries),
                holds_per_address=settings.holds_per_address,
            )
            yield await assemble(
                clients,
                aws=settings,
                url=settings.booking_queue_url,
                dead_letter_url=settings.booking_dlq_url,
                messages=BOOKING_COMMAND,
                handler=BookingHandler(ports=ports, replies=stores.replies, claims=stores.claims),
                claims=stores.claims,
                clock=clock,
                metrics=metrics,
                settings=PoolSettings(),
                outcomes=DynamoReplayOutcomes(client=stores.dynamodb, table=settings.failures_table, queue="booking"),
            )
