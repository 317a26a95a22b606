"""The only file of booking that knows every concrete class."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import timedelta

from shared.aws.circuit_records import DynamoCircuitRecords
from shared.aws.clients import AwsClients, open_aws_clients
from shared.aws.conversations.erasure import DynamoConversationErasure
from shared.aws.conversations.token_revocations import DynamoTokenRevocations
from shared.aws.knowledge import open_tenant_directory
from shared.aws.ledger.replay_outcomes import DynamoReplayOutcomes
from shared.aws.query_answers import DynamoQueryAnswers
from shared.aws.queue_connector import SqsConnector
from shared.aws.secret_cache import Secrets
from shared.aws.secrets import open_secrets
from shared.aws.sqs import SqsInternalCommandQueue, SqsNoticeQueue
from shared.aws.stores import Stores, open_visitor_stores
from shared.aws.suppressions import DynamoSuppressions
from shared.circuits.reports import CircuitReports, name_process
from shared.claims import ClaimStore
from shared.clock import Clock, SystemClock
from shared.consumer.queue_description import MessageQueue, QueueDescription
from shared.consumer.worker import Worker, build_worker
from shared.conversations.replies import Replies
from shared.emf import EmfMetrics
from shared.ledger.ports import ReplayOutcomes
from shared.log import configure_logging
from shared.messages.commands import BOOKING_COMMAND
from shared.metrics import Metrics
from shared.settings import PoolSettings
from shared.tenants.busy_calendars import CalendarProvider
from workers.booking.adapters.altcha_challenges import AltchaChallenges
from workers.booking.adapters.appointments import DynamoAppointmentStore
from workers.booking.adapters.cached_calendar import CachedBusyCalendar, CachedCalendar
from workers.booking.adapters.caldav.accounts import CalDavAccounts
from workers.booking.adapters.caldav.calendar import CalDavCalendar
from workers.booking.adapters.caldav.http import CalDavHttp
from workers.booking.adapters.google.budget import RequestBudget
from workers.booking.adapters.google.budgeted_calendar import BudgetedCalendar
from workers.booking.adapters.google.calendar import GoogleCalendar
from workers.booking.adapters.google.credentials import GoogleCredentials
from workers.booking.adapters.guarded_calendar import CalendarGuards, GuardedBusyCalendar, GuardedCalendar
from workers.booking.adapters.remembered_times import RememberedBusyTimes
from workers.booking.adapters.request_leases import DynamoRequestLeases
from workers.booking.adapters.scheduler import EventBridgeSchedules
from workers.booking.adapters.sync_tokens import DynamoSyncTokens
from workers.booking.domain.request_budget import SHARE_OF_SYNCS
from workers.booking.handler import BookingHandler, BookingPorts
from workers.booking.handler.progress import BookingVisitor
from workers.booking.settings import BookingSettings


@asynccontextmanager
async def open_worker() -> AsyncIterator[Worker]:
    """Open the worker with everything that it needs."""
    settings, pool_settings, clock = BookingSettings(), PoolSettings(), SystemClock()
    configure_logging(level=settings.log_level, component="booking")
    metrics = EmfMetrics(clock=clock, namespace=settings.metrics_namespace)
    circuits = CircuitReports(metrics=metrics, clock=clock, process=name_process("booking"))
    async with open_aws_clients(settings) as clients:
        stores = await open_visitor_stores(clients, settings, clock, pool_settings.transport, circuits)
        circuits.record_in(DynamoCircuitRecords(client=stores.dynamodb, table=settings.limits_table, clock=clock))
        queues = describe_queues(
            settings,
            pool_settings,
            ports=await open_ports(clients, settings, stores=stores, circuits=circuits, clock=clock, metrics=metrics),
            replies=stores.replies,
            claims=stores.claims,
            outcomes=DynamoReplayOutcomes(client=stores.dynamodb, table=settings.failures_table, queue="booking"),
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
    settings: BookingSettings,
    *,
    stores: Stores,
    circuits: CircuitReports,
    clock: Clock,
    metrics: Metrics,
) -> BookingPorts:
    """Open the ports of the use cases."""
    secrets = open_secrets(settings, clock=clock)
    budget = RequestBudget(
        leases=DynamoRequestLeases(client=stores.dynamodb, table=settings.calendars_table),
        clock=clock,
        requests_per_minute=settings.google_requests_per_minute,
    )
    google = await clients.enter_context(open_calendar(settings, secrets, clock, on_request=budget.note_request))
    caldav = await clients.enter_context(open_caldav(settings, secrets))
    memory = RememberedBusyTimes(clock)
    # The guard comes first: what it does not call spends no request.
    guarded_google = GuardedCalendar(
        BudgetedCalendar(google, budget), guards=CalendarGuards("google", circuits), memory=memory
    )
    guarded_caldav = GuardedBusyCalendar(caldav, guards=CalendarGuards("caldav", circuits), memory=memory)
    sends = await clients.open_client("sqs")
    code_key = secrets.get_text(settings.code_key_secret_id).encode()
    proofs = settings.proof_of_work
    return BookingPorts(
        appointments=DynamoAppointmentStore(
            client=stores.dynamodb,
            appointments_table=settings.appointments_table,
            slots_table=settings.slots_table,
            limits_table=settings.limits_table,
            processed_table=settings.processed_table,
        ),
        calendar=CachedCalendar(guarded_google, clock),
        busy_calendars={CalendarProvider.CALDAV: CachedBusyCalendar(guarded_caldav, clock)},
        codes=stores.claims,
        calendar_memory=memory,
        notices=SqsNoticeQueue(calls=sends, url=settings.notifications_queue_url, codes_url=settings.codes_queue_url),
        commands=SqsInternalCommandQueue(calls=sends, url=settings.booking_queue_url),
        answers=DynamoQueryAnswers(client=stores.dynamodb, table=settings.processed_table, clock=clock),
        schedules=EventBridgeSchedules(
            client=await clients.open_client("scheduler"),
            group=settings.schedule_group,
            queue_arn=settings.booking_queue_arn,
            role_arn=settings.reminder_role_arn,
        ),
        sync_tokens=DynamoSyncTokens(client=stores.dynamodb, table=settings.calendars_table),
        tenants=open_tenant_directory(settings, clock, metrics, compiles_profiles=True),
        erasure=DynamoConversationErasure(client=stores.dynamodb, table=settings.conversations_table, clock=clock),
        tokens=DynamoTokenRevocations(client=stores.dynamodb, table=settings.connections_table),
        suppressions=DynamoSuppressions(client=stores.dynamodb, table=settings.suppressions_table, secret=code_key),
        metrics=metrics,
        clock=clock,
        code_key=code_key,
        email_enabled=bool(settings.ses_from_email),
        sms_enabled=settings.sms_enabled,
        sms_countries=frozenset(settings.sms_countries),
        holds_per_address=settings.holds_per_address,
        held_share_percent=settings.held_share_percent,
        challenges=AltchaChallenges(secret=code_key, tries=proofs.tries) if proofs.tries else None,
        proof_of_work=proofs,
        visit_limits=settings.visits,
        syncs_per_minute=settings.google_requests_per_minute // SHARE_OF_SYNCS,
        calendar_move_wait=timedelta(minutes=settings.calendar_move_wait_minutes),
    )


def describe_queues(
    settings: BookingSettings,
    pool_settings: PoolSettings,
    *,
    ports: BookingPorts,
    replies: Replies,
    claims: ClaimStore,
    outcomes: ReplayOutcomes,
) -> tuple[QueueDescription, ...]:
    """Describe the queue of booking commands and its handler."""
    handler = BookingHandler(ports=ports, replies=replies, claims=claims)
    return (
        MessageQueue(
            url=settings.booking_queue_url,
            dead_letter_url=settings.booking_dlq_url,
            messages=BOOKING_COMMAND,
            handler=handler,
            max_attempts=pool_settings.max_attempts,
            outcomes=outcomes,
            shedding=handler.late_queries,
            visitor=BookingVisitor(replies.waiting, ports.clock, handler.late_queries),
        ),
    )


@asynccontextmanager
async def open_calendar(
    settings: BookingSettings, secrets: Secrets, clock: Clock, *, on_request: Callable[[], None] | None = None
) -> AsyncIterator[GoogleCalendar]:
    """Open Google Calendar; its connections are closed with the clients."""
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
        on_request=on_request,
    )
    with closing(google):
        yield google


@asynccontextmanager
async def open_caldav(settings: BookingSettings, secrets: Secrets) -> AsyncIterator[CalDavCalendar]:
    """Open the reader of CalDAV calendars; nothing is imported or connected before its first use."""
    caldav = CalDavCalendar(
        accounts=CalDavAccounts(
            secrets=secrets if settings.use_secrets_manager else None, secret_id=settings.caldav_secret_id
        ),
        http=CalDavHttp(private_addresses=settings.caldav_private_addresses),
    )
    try:
        yield caldav
    finally:
        await caldav.close()
