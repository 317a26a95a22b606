"""Fixtures of notifications: a business, and one notice of each type."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.email_links import Links
from shared.messages.notices import NOTICE
from shared.tenants.profile import TenantProfile
from tests.fakes.claims import FakeClaims
from tests.fakes.clock import FakeClock
from tests.fakes.conversations import FakeConversations
from tests.fakes.figures import FakeMetrics
from tests.fakes.notices import FakeAlerts, FakeEmailTemplates, FakeMailer, FakeSmsSender, FakeTextMessageTemplates
from tests.fakes.send_rate import FakeSendRateLimiter
from tests.fakes.suppressions import FakeSuppressions
from tests.fakes.tenants import FakeTenants
from tests.fakes.text_message_budgets import FakeTextMessageBudgets
from tests.fakes.visit_changes import FakeVisitChanges
from workers.notifications.handler import NotificationHandler, NotificationPorts

NOW = datetime(2026, 1, 12, 12, tzinfo=UTC)
ICS = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"


def build_profile(**fields):
    content = {
        "name": "Salon Ania",
        "time_zone": "Europe/Warsaw",
        "calendar_id": "calendar",
        "services": [{"id": "massage", "name": {"pl": "Masaż", "en": "Massage"}, "duration_minutes": 60}],
        "opening_hours": {"monday": ["09:00-17:00"]},
        "senders": {"email": "salon@example.com"},
        "page_url": "https://salon.example/wizyty",
    }
    return TenantProfile.model_validate(content | fields)


OWN = {
    "code": {"send_number": 1, "expires_at": "2026-01-12T12:15:00Z"},
    "confirmed": {"ics": ICS},
    "cancelled": {"ics": ICS},
    "rescheduled": {"ics": ICS},
    "reminder": {"hours_before": 24},
    "choose_again": {},
}


def build_notice(kind="code", *, data=None, **fields):
    own = OWN[kind]
    facts = {
        "appointment_id": "0123456789abcdefghijklmnopqrstuv",
        "contact": "jan@example.com",
        "name": "Jan",
        "service": "massage",
        "service_name": "Masaż",
        "start": "2026-01-13T09:00:00Z",
        "end": "2026-01-13T10:00:00Z",
    }
    content = {
        "id": f"notice-{kind}",
        "type": f"notice.{kind}",
        "tenant": "salon-ania",
        "session_id": "session",
        "locale": "pl",
        "accepted_at": NOW,
        "data": facts | (data or {}),
    }
    return NOTICE.validate_python(content | own | fields)


@pytest.fixture(scope="session")
def make_profile():
    return build_profile


@pytest.fixture(scope="session")
def make_notice():
    return build_notice


def build_alert(**fields):
    content = {
        "id": "notice-alert",
        "type": "notice.alert",
        "tenant": "salon-ania",
        "session_id": "calendars",
        "locale": "en",
        "accepted_at": NOW,
        "data": {"reason": "calendar_access_revoked", "advice": "Give the calendar to the service account again."},
    }
    return NOTICE.validate_python(content | fields)


@pytest.fixture(scope="session")
def make_alert():
    return build_alert


class World:
    """The handler of one deployment with its fakes."""

    key = b"a secret of the deployment"

    def __init__(self, profile, *, email_templates=None, text_message_templates=None, mail=True, sms=True, topic=True):
        self.clock = FakeClock()
        self.claims = FakeClaims(self.clock)
        self.conversations = FakeConversations(self.claims)
        self.mailer, self.sms_sender, self.alerts = FakeMailer(), FakeSmsSender(), FakeAlerts()
        self.email_templates = email_templates or FakeEmailTemplates()
        self.text_message_templates = text_message_templates or FakeTextMessageTemplates()
        self.tenants = FakeTenants({"salon-ania": profile})
        self.links = Links(self.key)
        self.suppressions, self.metrics = FakeSuppressions(), FakeMetrics()
        self.send_rate_limiter = FakeSendRateLimiter()
        self.contact_rate_limiter, self.daily_rate_limiter = FakeSendRateLimiter(), FakeSendRateLimiter()
        self.visit_changes, self.sms_budgets = FakeVisitChanges(), FakeTextMessageBudgets()
        self.ports = NotificationPorts(
            email_templates=self.email_templates,
            mailer=self.mailer if mail else None,
            text_message_templates=self.text_message_templates,
            sms_sender=self.sms_sender if sms else None,
            alerts=self.alerts if topic else None,
            suppressions=self.suppressions,
            send_rate_limiter=self.send_rate_limiter,
            contact_rate_limiter=self.contact_rate_limiter,
            daily_rate_limiter=self.daily_rate_limiter,
            sms_budgets=self.sms_budgets,
            visit_changes=self.visit_changes,
            tenants=self.tenants,
            metrics=self.metrics,
            clock=self.clock,
            code_key=self.key,
            links=self.links,
            conversations=self.conversations,
        )
        self.use()

    def use(self, **ports):
        """Replace some ports of the handler."""
        self.handler = NotificationHandler(ports=replace(self.ports, **ports), claims=self.claims)

    async def take_claim(self, notice):
        return await self.claims.claim(notice.claim_key, fingerprint="f", lease=timedelta(seconds=30))

    async def handle(self, notice):
        """Handle a notice as the worker core does."""
        return await self.handler.handle(notice, await self.take_claim(notice))


@pytest.fixture
def new_world(make_profile):
    """Return a function that builds a `World` for one business."""
    return lambda profile=None, **options: World(profile or make_profile(), **options)


@pytest.fixture
def world(new_world):
    return new_world()
