"""Fixtures for the tests of booking: a small business in any zone, and one of its appointments."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.tenants.profile import TenantProfile
from workers.booking.domain.hold import create_hold
from workers.booking.domain.values import Contact

ACCEPTED_AT = datetime(2026, 1, 12, 7, tzinfo=UTC)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def build_profile(*, zone="Europe/Warsaw", hours=("09:00-12:00", "13:00-17:00"), weekend=(), **fields):
    opening_hours = {day: list(weekend if day in WEEKDAYS[5:] else hours) for day in WEEKDAYS}
    content = {
        "name": "Salon Ania",
        "time_zone": zone,
        "calendar_id": "calendar",
        "services": [
            {
                "id": "massage",
                "name": {"pl": "Masaż", "en": "Massage"},
                "duration_minutes": 60,
                "step_minutes": 30,
            },
            {
                "id": "consultation",
                "name": {"pl": "Konsultacja", "en": "Consultation"},
                "duration_minutes": 30,
                "buffer_before_minutes": 10,
                "buffer_after_minutes": 20,
            },
        ],
        "opening_hours": opening_hours,
        "minimum_notice_minutes": 0,
        "horizon_days": 30,
    }
    return TenantProfile.model_validate(content | fields)


@pytest.fixture(scope="session")
def make_profile():
    return build_profile


@pytest.fixture(scope="session")
def accepted_at():
    """Return the instant at which these tests' commands were accepted: a Monday, 08:00 in Warsaw."""
    return ACCEPTED_AT


def build_hold(**changes):
    hold = create_hold(
        appointment_id="0123456789abcdefghijklmnopqrstuv",
        session_id="session",
        tenant="salon-ania",
        service=build_profile().services[1],
        start=datetime(2026, 1, 13, 9, tzinfo=UTC),
        contact=Contact("email", "jan@example.com"),
        name="Jan",
        note="",
        locale="pl",
        now=ACCEPTED_AT,
    )
    return replace(hold, **changes)


@pytest.fixture(scope="session")
def make_hold():
    return build_hold


@pytest.fixture
def hold():
    """Return a hold on the next day at 10:00 in Warsaw, placed a moment ago."""
    return build_hold()
