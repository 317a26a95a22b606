"""A thousand failed booking commands of six kinds are replayed at once, a third of them overtaken by something."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
import structlog

from ops.desk.domain.values import ForecastKind
from shared.errors import PermanentError, TransientError
from shared.ledger.failures import FailureFilter, FailureState
from shared.ledger.rules import OPEN
from tests.fakes.desk import ANNA
from tests.fakes.failing_booking import FailingBooking
from tests.unit.workers.booking.conftest import ACCEPTED_AT, build_profile
from tests.unit.workers.booking.handler.conftest import LEASE, World
from workers.booking.domain.values import AppointmentState

LANES = 20
HOURS = (9, 10, 11, 13, 14, 15, 16)
BLOCKED_DAY = date(2026, 3, 2)
CAUSES = (
    {"appointments": TransientError("dynamodb: throttled")},
    {"appointments": KeyError("a bug")},
    {"appointments": PermanentError("aws_ValidationException")},
)
KINDS = ("create", "verify", "resend", "cancel", "reschedule", "settle_entry")
OUTCOMES = {
    ("create", False): (ForecastKind.FREE, "booking.pending"),
    ("create", True): (ForecastKind.OCCUPIED, "SLOT_TAKEN"),
    ("verify", False): (ForecastKind.FREE, "booking.confirmed"),
    ("verify", True): (ForecastKind.REFUSED, "UNKNOWN_APPOINTMENT"),
    ("resend", False): (ForecastKind.WOULD_BE_DONE, "booking.pending"),
    ("resend", True): (ForecastKind.REFUSED, "UNKNOWN_APPOINTMENT"),
    ("cancel", False): (ForecastKind.WOULD_BE_DONE, "booking.cancelled"),
    ("cancel", True): (ForecastKind.ALREADY_DONE, "booking.cancelled"),
    ("reschedule", False): (ForecastKind.FREE, "booking.rescheduled"),
    ("reschedule", True): (ForecastKind.REFUSED, "UNKNOWN_APPOINTMENT"),
    ("settle_entry", False): (ForecastKind.WOULD_BE_ENTERED, None),
    ("settle_entry", True): (ForecastKind.ALREADY_DONE, None),
}
"""By kind, and whether it was overtaken: the forecast, and the answer."""
MESSAGES = {
    "booking.pending": "notice.code",
    "booking.confirmed": "notice.confirmed",
    "booking.rescheduled": "notice.rescheduled",
}


@dataclass
class Visitor:
    """One visitor with one failed command."""

    number: int
    appointment_id: str = ""

    @property
    def kind(self):
        return KINDS[self.number % len(KINDS)]

    @property
    def is_overtaken(self):
        return self.number // len(KINDS) % 3 == 0

    @property
    def is_closed(self):
        return self.number // (3 * len(KINDS)) % 2 == 0

    @property
    def session(self):
        return f"s{self.number}"

    @property
    def outcome(self):
        return OUTCOMES[self.kind, self.is_overtaken]


def format_slot(number):
    """Return a time of which each number takes one lane."""
    day, rest = divmod(number, LANES * len(HOURS))
    monday = date(2026, 1, 19)
    at = monday + timedelta(days=7 * (day // 5) + day % 5)
    return f"{at}T{HOURS[rest // LANES]:02}:00"


async def prepare(world, visitor, count):
    """Let the visitor do what comes before the command; return the command."""
    session, number = visitor.session, visitor.number
    world.connections.open(session, f"tab-{number}")
    start = format_slot(number)
    request = {"contact": f"v{number}@example.com", "session": session}
    if visitor.kind == "create":
        hour = HOURS[number % len(HOURS)]
        return world.create_command(f"{BLOCKED_DAY}T{hour:02}:00" if visitor.is_overtaken else start, **request)
    held = visitor.appointment_id = await world.held(start, **request)
    if visitor.kind == "resend":
        return world.command("resend", session=session, appointment_id=held)
    verify = world.command("verify", session=session, appointment_id=held, code=world.code(held))
    if visitor.kind == "verify":
        return verify
    if visitor.kind == "settle_entry":
        await world.handler.handle(verify, await world.claims.claim(verify.claim_key, fingerprint="f", lease=LEASE))
        [command] = world.commands.drain()
        return command
    await world.handle(verify)
    more = {"start": format_slot(count + number)} if visitor.kind == "reschedule" else {}
    return world.command(visitor.kind, session=session, appointment_id=held, **more)


@pytest.mark.parametrize("is_lambda", [False, True], ids=["pool", "lambda"])
@pytest.mark.parametrize("count", [36, pytest.param(1_000, marks=pytest.mark.soak)])
async def test_a_bulk_replay_does_what_the_dry_run_forecast(count, is_lambda):
    """Nobody has two visits or two messages, no lane two visitors, and every command one outcome."""
    with structlog.testing.capture_logs():
        await run(count, is_lambda=is_lambda)


async def run(count, *, is_lambda):
    resources = [{"id": f"lane-{number}"} for number in range(LANES)]
    profile = build_profile(senders={"email": "salon@example.com"}, resources=resources, horizon_days=90)
    world = World(profile, ACCEPTED_AT)
    path = FailingBooking(world, is_lambda=is_lambda)
    visitors = [Visitor(number) for number in range(count)]
    commands = [await prepare(world, visitor, count) for visitor in visitors]
    for number, broken in enumerate(CAUSES):
        path.break_ports(broken)
        await path.run(*commands[number :: len(CAUSES)])
    path.break_ports({})
    assert Counter(one.reason for one in path.failures.rows.values()).keys() == {
        "attempts_exhausted",
        "bug",
        "aws_ValidationException",
    }
    by_command = {one.command_id: one.failure_id for one in path.failures.rows.values()}
    assert by_command.keys() == {command.id for command in commands}

    world.calendar.all_day["calendar"] = [BLOCKED_DAY]
    for visitor in visitors:
        if visitor.is_overtaken and visitor.kind != "create":
            await world.send("cancel", session=visitor.session, appointment_id=visitor.appointment_id)
    world.poster.gone.update(f"tab-{visitor.number}" for visitor in visitors if visitor.is_closed)
    world.poster.posted.clear()
    world.notices.bodies.clear()

    dry = await path.desk.replay_failures(ANNA, FailureFilter(), per_second=10_000, dry_run=True)
    assert dry.forecasts == Counter(visitor.outcome[0] for visitor in visitors)
    tally = await path.desk.replay_failures(ANNA, FailureFilter(), per_second=10_000)
    assert (tally.replayed, dict(tally.not_possible)) == (count, {})
    await path.drain()
    check_answers(path, visitors, {visitor.number: by_command[commands[visitor.number].id] for visitor in visitors})
    check_visits(world)


def check_answers(path, visitors, failure_ids):
    """Every visitor has one answer, on the page or by e-mail, and nothing is left to do."""
    world = path.world
    expected_notices = Counter()
    for visitor in visitors:
        kept, (_, answer) = path.failures.rows[failure_ids[visitor.number]], visitor.outcome
        is_refused = answer is not None and answer.isupper()
        assert kept.state is (FailureState.REFUSED if is_refused else FailureState.RESOLVED), visitor
        frames = world.poster.frames(f"tab-{visitor.number}")
        received = [frame["data"].get("code", frame["type"]) for frame in frames]
        assert received == ([answer] if answer and not visitor.is_closed else []), visitor
        if is_refused and visitor.is_closed:
            expected_notices["notice.choose_again"] += 1
        elif message := MESSAGES.get(answer):
            expected_notices[message] += 1
        elif answer == "booking.cancelled" and not visitor.is_overtaken:
            expected_notices["notice.cancelled"] += 1
    assert not [one for one in path.failures.rows.values() if one.state in OPEN]
    assert Counter(world.notice_types) == expected_notices


def check_visits(world):
    """Each visit has one event at its time, and no lane has two visits at a time."""
    rows = world.appointments.rows.values()
    confirmed = [visit for visit in rows if visit.state is AppointmentState.CONFIRMED]
    assert Counter((event.appointment_id, event.start) for event in world.events) == Counter(
        (visit.appointment_id, visit.start) for visit in confirmed
    )
    occupied = Counter((visit.resource, visit.start) for visit in rows if visit.state is not AppointmentState.CANCELLED)
    assert set(occupied.values()) == {1}
