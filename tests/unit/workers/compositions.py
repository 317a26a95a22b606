"""Each worker as its wiring describes it, built with fakes."""

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from shared.consumer.queue_description import QueueDescription
from shared.consumer.worker import build_worker
from shared.conversations.replies import Replies
from shared.email_links import Links
from shared.messages.server import BookingPending, BookingPendingData
from shared.settings import PoolSettings
from shared.tenants.profile import TenantProfile
from tests.fakes.appointments import FakeAppointments
from tests.fakes.booking_queries import FakeBookingQueries
from tests.fakes.business_calendar import FakeCalendar
from tests.fakes.claims import FakeClaims
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.connections import FakeConnections, FakePoster
from tests.fakes.conversations import FakeConversations
from tests.fakes.failures import FakeFailures
from tests.fakes.figures import FakeMetrics, FakeUsage
from tests.fakes.handovers import FakeHandovers
from tests.fakes.ingress import FakeTokenStates
from tests.fakes.internal_commands import FakeCommands, FakeSchedules, FakeSyncTokens
from tests.fakes.memory_queue import MemoryQueue
from tests.fakes.model import FakeModel
from tests.fakes.notices import (
    FakeAlerts,
    FakeEmailTemplates,
    FakeMailer,
    FakeNotices,
    FakeSmsSender,
    FakeTextMessageTemplates,
)
from tests.fakes.query_answers import FakeAnswers
from tests.fakes.send_rate import FakeSendRateLimiter
from tests.fakes.spending import FakeSpending
from tests.fakes.suppressions import FakeSuppressions
from tests.fakes.tenants import FakeTenants
from tests.fakes.text_message_budgets import FakeTextMessageBudgets
from tests.fakes.unanswered import FakeUnansweredQuestions
from tests.fakes.visit_changes import FakeVisitChanges
from tests.unit.workers.queued_messages import APPOINTMENT, TENANT, TOPIC, queue_url
from workers.booking.handler import BookingPorts
from workers.booking.settings import BookingSettings
from workers.booking.wiring import describe_queues as describe_booking
from workers.chat.adapters.budget_warnings import BudgetWarnings
from workers.chat.adapters.capped_spending import CappedSpending
from workers.chat.dependencies import ChatPorts, ModelSettings
from workers.chat.settings import ChatSettings
from workers.chat.wiring import describe_queues as describe_chat
from workers.chat.wiring import list_tools
from workers.failures.dependencies import FailurePorts
from workers.failures.settings import FailuresSettings
from workers.failures.wiring import describe_queues as describe_failures
from workers.notifications.handler import NotificationPorts
from workers.notifications.settings import NotificationsSettings
from workers.notifications.wiring import describe_queues as describe_notifications

KEY = b"a secret of the deployment"
WORKERS = ("chat", "booking", "notifications", "failures")

PROFILE = TenantProfile.model_validate(
    {
        "name": "Salon Ania",
        "time_zone": "Europe/Warsaw",
        "calendar_id": "calendar",
        "services": [{"id": "massage", "name": {"pl": "Masaż", "en": "Massage"}, "duration_minutes": 60}],
        "opening_hours": {"tuesday": ["09:00-17:00"]},
        "senders": {"email": "salon@example.com"},
        "page_url": "https://salon.example/visits",
    }
)


class RecordedOutcomes:
    """A `ReplayOutcomes` that records its calls."""

    def __init__(self) -> None:
        self.ended: list[tuple[str, int]] = []

    async def record_resolved(self, command_id, *, replay, at):
        self.ended.append((command_id, replay))

    async def record_refused(self, command_id, *, replay, at, code):
        self.ended.append((command_id, replay))


class MemoryConnector:
    """Opens queues in memory instead of SQS, by their URLs."""

    def __init__(self, clock, claims):
        self._clock, self._claims = clock, claims
        self.queues: dict[str, MemoryQueue] = {}

    async def open_queue(self, description):
        queue = MemoryQueue(name=description.url.rpartition("/")[2], clock=self._clock)
        self.queues[description.url] = queue
        return queue

    @asynccontextmanager
    async def open_lease_connections(self, description):
        yield self.queues[description.url], self._claims


@dataclass
class Composition:
    """One worker with everything in memory."""

    settings: PoolSettings = field(default_factory=lambda: PoolSettings(wait_seconds=1))

    def __post_init__(self) -> None:
        self.clock, self.metrics = FakeClock(), FakeMetrics()
        self.claims, self.outcomes = FakeClaims(self.clock), RecordedOutcomes()
        self.conversations, self.failures = FakeConversations(self.claims), FakeFailures()
        self.suppressions = FakeSuppressions()
        self.tenants = FakeTenants({TENANT: PROFILE}, {TENANT: {"prices.md": "A massage costs 120 zł.\n"}})
        self.replies = Replies(
            conversations=self.conversations, connections=FakeConnections(self.clock), poster=FakePoster()
        )
        self.connector = MemoryConnector(self.clock, self.claims)

    def describe(self, name: str) -> tuple[QueueDescription, ...]:
        """Return the queues of a worker, from the very function that its wiring calls."""
        return getattr(self, f"_{name}")()

    async def build(self, name: str):
        """Return the worker."""
        return await build_worker(
            self.describe(name),
            connector=self.connector,
            claims=self.claims,
            clock=self.clock,
            metrics=self.metrics,
            settings=self.settings,
        )

    def _chat(self):
        usage, store = FakeUsage(), FakeSpending()
        ports = ChatPorts(
            model=FakeModel(),
            models=ModelSettings("model"),
            tools=list_tools(FakeBookingQueries()),
            spending=CappedSpending(
                store=store,
                usage=usage,
                tenants=self.tenants,
                warnings=BudgetWarnings(store=store, notices=FakeNotices(), clock=self.clock),
                clock=self.clock,
            ),
            tenants=self.tenants,
            conversations=self.conversations,
            handovers=FakeHandovers(self.clock),
            notices=FakeNotices(),
            questions=FakeUnansweredQuestions(),
            usage=usage,
            metrics=self.metrics,
            clock=self.clock,
        )
        return describe_chat(
            settings_of(ChatSettings),
            self.settings,
            ports=ports,
            replies=self.replies,
            claims=self.claims,
            outcomes=self.outcomes,
        )

    def _booking(self):
        ports = BookingPorts(
            appointments=FakeAppointments(self.claims),
            calendar=FakeCalendar("calendar"),
            notices=FakeNotices(),
            commands=FakeCommands(),
            answers=FakeAnswers(),
            schedules=FakeSchedules(),
            sync_tokens=FakeSyncTokens(),
            tenants=self.tenants,
            erasure=self.conversations,
            tokens=FakeTokenStates(),
            suppressions=FakeSuppressions(),
            metrics=self.metrics,
            clock=self.clock,
            code_key=KEY,
            email_enabled=True,
        )
        return describe_booking(
            settings_of(BookingSettings),
            self.settings,
            ports=ports,
            replies=self.replies,
            claims=self.claims,
            outcomes=self.outcomes,
        )

    def _notifications(self):
        ports = NotificationPorts(
            email_templates=FakeEmailTemplates(),
            mailer=FakeMailer(),
            text_message_templates=FakeTextMessageTemplates(),
            sms_sender=FakeSmsSender(),
            alerts=FakeAlerts(),
            suppressions=self.suppressions,
            send_rate_limiter=FakeSendRateLimiter(),
            contact_rate_limiter=FakeSendRateLimiter(),
            daily_rate_limiter=FakeSendRateLimiter(),
            sms_budgets=FakeTextMessageBudgets(),
            visit_changes=FakeVisitChanges(),
            tenants=self.tenants,
            metrics=self.metrics,
            clock=self.clock,
            code_key=KEY,
            links=Links(KEY),
            conversations=self.conversations,
        )
        return describe_notifications(
            settings_of(NotificationsSettings, feedback_topic_arn=TOPIC, codes_queue_url=queue_url("codes_queue_url")),
            self.settings,
            ports=ports,
            claims=self.claims,
            outcomes=self.outcomes,
        )

    def _failures(self):
        # The hold whose code could not be sent.
        hold = {"appointment_id": APPOINTMENT, "start": NOON, "end": NOON, "service": "massage", "contact": "j***"}
        frame = BookingPending(seq=1, data=BookingPendingData(**hold, expires_at=NOON))
        self.conversations.texts["s-notice.code"] = [frame.to_wire_text()]
        return describe_failures(
            settings_of(FailuresSettings),
            self.settings,
            ports=FailurePorts(ledger=self.failures, conversations=self.conversations, clock=self.clock),
            replies=self.replies,
            claims=self.claims,
        )


def settings_of(kind: type[Any], **given: str) -> Any:
    """Return settings in which every variable says its own name; URLs of FIFO queues end as theirs do."""
    required = {name: name for name, one in kind.model_fields.items() if one.is_required()}
    urls = {name: queue_url(name) for name in required if name.endswith(("queue_url", "dlq_url"))}
    return kind(**required | urls | given)
