"""Replays are forecast by the rules of the worker of each queue."""

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


class FakeBooking:
    def __init__(self):
        self.commands = []
        self.replay_forecast = ReplayForecast("free")

    async def forecast(self, command, now):
        assert now == NOON
        self.commands.append(command)
        return self.replay_forecast


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def booking():
    return FakeBooking()


@pytest.fixture
def forecaster(booking, clock):
    return WorkerRulesForecaster(booking=booking, clock=clock)


async def test_booking_forecasts_the_next_replay(forecaster, booking):
    """Booking checks the age of replays only, so the command needs the number of the replay."""
    hour = timedelta(hours=1)
    booking.replay_forecast = ReplayForecast(
        "taken", NOON, alternatives=(NOON + hour,), code="SLOT_TAKEN", state=AppointmentState.HELD
    )
    forecast = await forecaster.forecast_replay(failed_booking(replays=2))
    assert [command.replay for command in booking.commands] == [3]
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
async def test_a_late_notice_is_stale(forecaster, clock, body, minutes, kind):
    """By the rule of the notifications worker."""
    failure = failed_booking(queue="notifications", payload=command_body(data=FACTS, **body))
    clock.advance(timedelta(minutes=minutes))
    assert (await forecaster.forecast_replay(failure)).kind == kind


async def test_a_command_for_chat_would_be_tried(forecaster, booking):
    """The answer of a model can't be forecast, and booking knows no requests for staff."""
    for body in (command_body(), command_body(type="handover.request", data={})):
        forecast = await forecaster.forecast_replay(failed_booking(queue="chat", payload=body))
        assert forecast.kind == "would_be_tried", body
    assert booking.commands == []


@pytest.mark.parametrize("payload", ["not JSON", "{}", '{"version": 99}', command_body()])
async def test_an_unreadable_booking_command(forecaster, booking, payload):
    """Also a message of another queue: it would be dead-lettered at once."""
    assert (await forecaster.forecast_replay(failed_booking(payload=payload))).kind is ForecastKind.UNREADABLE
    assert booking.commands == []


def test_the_desk_knows_every_forecast_of_booking():
    """A kind that booking adds has to be added here."""
    assert set(get_args(ReplayForecastKind)) <= {kind.value for kind in ForecastKind}
