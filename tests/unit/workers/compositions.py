"""Each worker as its wiring describes it, over fakes: ports in, worker out. With a real message of every type."""

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from shared.consumer.queue_description import QueueDescription
from shared.consumer.worker import build_worker
from shared.conversations.replies import Replies
from shared.links import Links
from shared.settings import PoolSettings
from shared.tenants.profile import TenantProfile
from tests.fakes.appointments import FakeAppointments
from tests.fakes.business_calendar import FakeCalendar
from tests.fakes.claims import FakeClaims
from tests.fakes.clock import FakeClock
from tests.fakes.connections import FakeConnections, FakePoster
from tests.fakes.conversations import FakeConversations
from tests.fakes.envelopes import command_body
from tests.fakes.failures import FakeFailures
from tests.fakes.figures import FakeMetrics, FakeUsage
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
from tests.fakes.send_rate import FakeSendRateLimiter
from tests.fakes.suppressions import FakeSuppressions
from tests.fakes.tenants import FakeTenants
from tests.fakes.visit_changes import FakeVisitChanges
from workers.booking.handler import BookingPorts
from workers.booking.settings import BookingSettings
from workers.booking.wiring import describe_queues as describe_booking
from workers.chat.dependencies import ChatPorts
from workers.chat.settings import ChatSettings
from workers.chat.wiring import describe_queues as describe_chat
from workers.failures.dependencies import FailurePorts
from workers.failures.settings import FailuresSettings
from workers.failures.wiring import describe_queues as describe_failures
from workers.notifications.handler import NotificationPorts
from workers.notifications.settings import NotificationsSettings
from workers.notifications.wiring import describe_queues as describe_notifications

KEY = b"a secret of the deployment"
TENANT = "salon-ania"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:stride-feedback"
APPOINTMENT = "0123456789abcdefghijklmnopqrstuv"
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

COMMANDS = {
    "chat.send": {"text": "How much is a massage?"},
    "booking.slots": {},
    "booking.create": {"start": "2026-01-13T10:00", "contact": "jan@example.com", "service": "massage"},
    "booking.verify": {"appointment_id": APPOINTMENT, "code": "123456"},
    "booking.resend": {"appointment_id": APPOINTMENT},
    "booking.lookup": {"appointment_id": APPOINTMENT},
    "booking.cancel": {"appointment_id": APPOINTMENT},
    "booking.reschedule": {"appointment_id": APPOINTMENT, "start": "2026-01-13T12:00"},
    "booking.remind": {"appointment_id": APPOINTMENT, "start": "2026-01-13T09:00:00Z", "hours_before": 24},
    "booking.plan_reminders": {"appointment_id": APPOINTMENT, "start": "2026-01-13T09:00:00Z"},
    "calendar.tick": {},
    "calendar.sync": {"calendar_id": "calendar"},
    "calendar.changed": {"appointment_id": APPOINTMENT},
}

_ICS = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"
NOTICES = {
    "notice.code": {"send_number": 1, "expires_at": "2026-01-12T12:15:00Z"},
    "notice.confirmed": {"ics": _ICS},
    "notice.cancelled": {"ics": _ICS},
    "notice.rescheduled": {"ics": _ICS},
    "notice.reminder": {"hours_before": 24},
    "notice.choose_again": {},
    "notice.alert": {"data": {"reason": "calendar_access_revoked", "advice": "Share the calendar again."}},
}
_FACTS = {
    "appointment_id": APPOINTMENT,
    "contact": "jan@example.com",
    "name": "Jan",
    "service": "massage",
    "service_name": "Masaż",
    "start": "2026-01-13T09:00:00Z",
    "end": "2026-01-13T10:00:00Z",
}


def command(kind: str, *, replay: int = 0) -> str:
    """Return a command as it is queued; each type has a session of its own."""
    return command_body(f"k-{kind}", session=f"s-{kind}", tenant=TENANT, type=kind, data=COMMANDS[kind], replay=replay)


def notice(kind: str, *, replay: int = 0) -> str:
    """Return a notice as it is queued."""
    content = {
        "id": f"n-{kind}",
        "type": kind,
        "tenant": TENANT,
        "session_id": f"s-{kind}",
        "locale": "pl",
        "accepted_at": "2026-01-12T12:00:00Z",
        "data": _FACTS,
        "replay": replay,
    }
    return json.dumps(content | NOTICES[kind])


def bounce() -> str:
    """Return what SES says of an address, as its topic puts it on the feedback queue."""
    event = {
        "eventType": "Bounce",
        "bounce": {"bounceType": "Permanent", "bounceSubType": "General", "timestamp": "2026-01-12T11:59:00.000Z"},
        "mail": {"destination": ["gone@example.com"]},
    }
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "3f0c1a52-7d3e-4f57-9f60-0a4b5b2d8c11",
            "TopicArn": TOPIC,
            "Message": json.dumps(event),
            "Timestamp": "2026-01-12T11:59:00.000Z",
        }
    )


class RecordedOutcomes:
    """A `ReplayOutcomes` that keeps what it is told."""

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

    settings: PoolSettings = field(default_factory=lambda: PoolSettings(wait_seconds=1, health_port=0))

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
        ports = ChatPorts(
            model=FakeModel(),
            tenants=self.tenants,
            conversations=self.conversations,
            usage=FakeUsage(),
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
            schedules=FakeSchedules(),
            sync_tokens=FakeSyncTokens(),
            tenants=self.tenants,
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
            visit_changes=FakeVisitChanges(),
            tenants=self.tenants,
            metrics=self.metrics,
            clock=self.clock,
            code_key=KEY,
            links=Links(KEY),
        )
        return describe_notifications(
            settings_of(NotificationsSettings, feedback_topic_arn=TOPIC),
            self.settings,
            ports=ports,
            claims=self.claims,
            outcomes=self.outcomes,
        )

    def _failures(self):
        return describe_failures(
            settings_of(FailuresSettings),
            self.settings,
            ports=FailurePorts(ledger=self.failures, clock=self.clock),
            replies=self.replies,
            claims=self.claims,
        )


def settings_of(kind: type[Any], **given: str) -> Any:
    """Return settings in which every variable says its own name; URLs of FIFO queues end as theirs do."""
    required = {name: name for name, one in kind.model_fields.items() if one.is_required()}
    urls = {name: queue_url(name) for name in required if name.endswith(("queue_url", "dlq_url"))}
    return kind(**required | urls | given)


def queue_url(name: str) -> str:
    """Return the URL of a queue or a dead-letter queue by the name of its setting."""
    return f"https://sqs.example/{name}{'.fifo' if name.startswith(('chat', 'booking')) else ''}"


def messages_of(name: str, *, replay: int = 0) -> list[tuple[str, str]]:
    """Return a real message of every type that a worker takes, each with the setting of its queue."""
    commands = [(kind, command(kind, replay=replay)) for kind in COMMANDS]
    notices = [notice(kind, replay=replay) for kind in NOTICES]
    chat = [body for kind, body in commands if kind.startswith("chat")]
    booking = [body for kind, body in commands if not kind.startswith("chat")]
    by_queue = {
        "chat": {"chat_queue_url": chat},
        "booking": {"booking_queue_url": booking},
        "notifications": {"notifications_queue_url": notices, "feedback_queue_url": [] if replay else [bounce()]},
        "failures": {"chat_dlq_url": chat, "booking_dlq_url": booking, "notifications_dlq_url": notices},
    }
    return [(queue_url(setting), body) for setting, bodies in by_queue[name].items() for body in bodies]
