"""`stride slots explain`."""

import asyncio
import json

import pytest

from shared.errors import ConfigurationError, TransientError
from tests.unit.workers.booking.conftest import ACCEPTED_AT, build_profile
from tests.unit.workers.booking.handler.conftest import TENANT, World
from workers.booking.facade import BookingFacade

NINE = "Tue 13 Jan 2026 09:00+01:00"
CLOSED = "  BLOCKED opening_hours: the business is closed"
EXPLAIN = ("slots", "explain", TENANT, "massage")


@pytest.fixture
def world():
    return World(
        build_profile(
            closed_ranges=[{"first": "2026-01-20", "last": "2026-01-21"}], senders={"email": "salon@example.com"}
        ),
        ACCEPTED_AT,
    )


@pytest.fixture
def terminal(terminal, world):
    return add_booking(terminal, world)


def add_booking(terminal, world):
    """Let a terminal ask booking."""

    async def open_ports():
        return world.ports

    terminal.booking = BookingFacade(appointments=world.appointments, open_ports=open_ports)
    terminal.world.clock.set(ACCEPTED_AT)
    return terminal


@pytest.mark.parametrize(
    ("time", "lines"),
    [
        ("2026-01-13T10:00", ["  OFFERED free: default"]),
        ("2026-01-13 10:10", ["  BLOCKED step_minutes: it is on none of the steps, which count from " + NINE]),
        ("2026-01-20T08:00", ["  BLOCKED closed_ranges: 2026-01-20 is closed", CLOSED]),
        ("2026-01-13T07:30Z", [CLOSED]),
    ],
)
def test_every_rule_that_blocks_a_time_is_named(terminal, time, lines):
    """With the field of the profile; the exit code says whether it is offered."""
    result = terminal.run(*EXPLAIN, time)

    assert result.stdout.splitlines()[0].startswith("massage, Tue ")
    assert result.stdout.splitlines()[1:] == lines
    assert result.exit_code == (0 if "OFFERED" in lines[0] else 1)


def test_what_occupies_a_time_is_named(terminal, world):
    """The visit with its buffers; other programs get the same as JSON."""
    appointment_id = asyncio.run(world.confirmed("2026-01-13T10:00", service="consultation"))

    result = terminal.run(*EXPLAIN, "2026-01-13T10:00")
    assert result.stdout.splitlines()[1:] == [
        "  BLOCKED it is occupied: default",
        f"          visit {appointment_id} (default): Tue 13 Jan 2026 09:50+01:00 to Tue 13 Jan 2026 10:50+01:00",
    ]
    row = json.loads(terminal.run(*EXPLAIN, "2026-01-13T10:00", "--json").stdout)
    assert [block["rule"] for block in row["blocks"]] == ["occupied"]
    assert row["occupied_by"] == [
        {
            "kind": "visit",
            "id": appointment_id,
            "lane": "default",
            "start": "2026-01-13T09:50:00+01:00",
            "end": "2026-01-13T10:50:00+01:00",
        }
    ]
    closed = json.loads(terminal.run(*EXPLAIN, "2026-01-20T10:00", "--json").stdout)
    assert closed["blocks"] == [{"rule": "closed_range", "day": "2026-01-20", "at": None, "lanes": []}]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((TENANT, "haircut", "2026-01-13T10:00"), "there is no service haircut: its id is in profile.yaml"),
        ((TENANT, "massage", "ten"), "ten is not a time: write it as 2026-12-01T14:00"),
        ((TENANT, "massage", "2026-03-29T02:30"), "the clocks skip 2026-03-29T02:30 in the zone of the business"),
        (("salon-ewa", "massage", "2026-01-13T10:00"), "there is no business salon-ewa"),
    ],
)
def test_what_is_no_time_of_a_service_is_refused(terminal, arguments, message):
    """In one line."""
    result = terminal.run("slots", "explain", *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr


@pytest.mark.parametrize("error", [TransientError("calendar.busy: 503"), ConfigurationError("no such stack")])
def test_a_deployment_that_can_not_be_read_has_its_own_exit_code(terminal, error):
    """A script must not take it for a time that is not offered."""
    terminal.error = error
    assert terminal.run(*EXPLAIN, "2026-01-13T10:00").exit_code == 3
