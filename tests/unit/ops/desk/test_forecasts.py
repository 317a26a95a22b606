"""Each queue's failures are foretold by the rules of its own worker."""

from datetime import timedelta
from typing import get_args

import pytest

from ops.desk.adapters.worker_rules import WorkerRulesForecaster
from ops.desk.domain.values import ForecastKind
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.desk import failed_booking
from tests.fakes.envelopes import command_body
from workers.booking.facade import AppointmentState, ReplayForecast, ReplayForecastKind

FACTS = {
    "appointment_id": "0123456789abcdef",
    "contact": "jan@example.com",
    "service": "massage",
    "service_name": "Massage",
    "start": "2026-01-12T13:00:00Z",
    "end": "2026-01-12T14:00:00Z",
}


class Booking:
    def __init__(self):
        self.asked = []
        self.replay_forecast = ReplayForecast("free")

    async def forecast(self, command, now):
        assert now == NOON
        self.asked.append(command)
        return self.replay_forecast


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def booking():
    return Booking()


@pytest.fixture
def forecaster(booking, clock):
    return WorkerRulesForecaster(booking=booking, clock=clock)


async def test_booking_is_asked_about_the_replay_that_would_be_made(forecaster, booking):
    """Its age counts for a replay alone, so the number has to be right."""
    hour = timedelta(hours=1)
    booking.replay_forecast = ReplayForecast(
        "taken", NOON, alternatives=(NOON + hour,), code="SLOT_TAKEN", state=AppointmentState.HELD
    )
    forecast = await forecaster.forecast(failed_booking(replays=2))
    assert [work.replay for work in booking.asked] == [3]
    assert (forecast.kind, forecast.start, forecast.alternatives) == (ForecastKind.OCCUPIED, NOON, (NOON + hour,))
    assert (forecast.code, forecast.appointment_state) == ("SLOT_TAKEN", "held")


@pytest.mark.parametrize(
    ("body", "minutes", "kind"),
    [
        ({"type": "notice.code", "send_number": 1, "expires_at": "2026-01-12T12:15:00Z"}, 14, "would_be_sent"),
        ({"type": "notice.code", "send_number": 1, "expires_at": "2026-01-12T12:15:00Z"}, 15, "stale"),
        ({"type": "notice.confirmed", "ics": ""}, 900, "would_be_sent"),
        ({"type": "notice.reminder", "hours_before": 2}, 61, "stale"),
    ],
)
async def test_a_notice_that_comes_too_late(forecaster, clock, body, minutes, kind):
    """Is stale, as the worker sees it."""
    failure = failed_booking(queue="notifications", payload=command_body(data=FACTS, **body))
    clock.turn(timedelta(minutes=minutes))
    assert (await forecaster.forecast(failure)).kind == kind


async def test_a_question_to_the_assistant_is_tried_again(forecaster):
    """Nobody knows what a model will say."""
    assert (await forecaster.forecast(failed_booking(queue="chat", payload=command_body()))).kind == "would_be_tried"


@pytest.mark.parametrize("payload", ["not JSON", "{}", '{"version": 99}', command_body()])
async def test_what_booking_can_not_read(forecaster, booking, payload):
    """Also a message of another queue: it would be given up at once."""
    assert (await forecaster.forecast(failed_booking(payload=payload))).kind is ForecastKind.UNREADABLE
    assert booking.asked == []


def test_the_desk_knows_every_forecast_of_booking():
    """A kind that is added there is added here."""
    assert set(get_args(ReplayForecastKind)) <= {kind.value for kind in ForecastKind}
