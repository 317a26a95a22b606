"""An empty calendar and a clock that tests set."""

import pytest

from infra.local.google_calendar.store import CalendarStore
from tests.unit.infra.google_calendar.events import CALENDAR, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock) -> CalendarStore:
    numbers = iter(range(1000))
    store = CalendarStore(clock=clock, new_event_id=lambda: f"made{next(numbers)}")
    store.create_calendar(CALENDAR, "Europe/Warsaw")
    return store
