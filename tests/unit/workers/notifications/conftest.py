"""What the tests of notifications share: a business, and one notice of each kind."""

from datetime import UTC, datetime

import pytest

from shared.messages.notices import NOTICE
from shared.tenants.profile import TenantProfile

NOW = datetime(2026, 1, 12, 12, tzinfo=UTC)
ICS = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"
KINDS = ("code", "confirmed", "cancelled", "rescheduled")


def build_profile(**fields):
    content = {
        "name": "Salon Ania",
        "time_zone": "Europe/Warsaw",
        "calendar_id": "calendar",
        "services": [{"id": "massage", "name": {"pl": "Masaż", "en": "Massage"}, "duration_minutes": 60}],
        "opening_hours": {"monday": ["09:00-17:00"]},
        "senders": {"email": "salon@example.com"},
    }
    return TenantProfile.model_validate(content | fields)


def build_notice(kind="code", *, data=None, **fields):
    own = {"send_number": 1, "expires_at": "2026-01-12T12:15:00Z"} if kind == "code" else {"ics": ICS}
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
