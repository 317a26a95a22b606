"""Every booking command fails by every cause, is shown at the desk and replayed: what `docs/operations.md` lists."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog

from ops.web.language import CATALOGUE
from ops.web.reasons import describe_reason
from shared.errors import DeploymentError, TransientError
from shared.ledger.failures import FailureState
from shared.messages.commands import (
    BookingPlanReminders,
    BookingSettleEntry,
    CalendarChanged,
    CalendarSync,
    CalendarTick,
)
from tests.fakes.desk import ANNA
from tests.fakes.failing_booking import FailingBooking
from tests.unit.workers.booking.conftest import ACCEPTED_AT, build_profile
from tests.unit.workers.booking.handler.conftest import LEASE, TENANT, TUESDAY_TEN, World
from workers.booking.domain.calendar_problem import CalendarProblem, UnusableCalendarError
from workers.booking.domain.replay import MAX_REPLAY_AGE
from workers.booking.domain.values import AppointmentState, Interval

PAGE = Path(__file__).parents[4] / "docs" / "operations.md"
NOTHING = "-"
WEDNESDAY_TEN = "2026-01-14T10:00"
HOUR = timedelta(hours=1)
TEXTS = [CATALOGUE.get_texts(language) for language in ("en", "pl", "de")]
TABLES = ("appointments", "sync_tokens")
REFUSED_BY_AWS = DeploymentError("aws_AccessDenied")


def breaking(error, *ports):
    return dict.fromkeys(ports, error)


def unusable(problem):
    return breaking(UnusableCalendarError(problem), "calendar")


CAUSES = {
    "calendar": [
        (unusable(CalendarProblem.ACCESS_REVOKED), "calendar_access_revoked", "would_fail"),
        (unusable(CalendarProblem.FORBIDDEN), "calendar_forbidden", "would_fail"),
        (unusable(CalendarProblem.UNKNOWN), "calendar_unknown", "would_fail"),
    ],
    # A visitor's command is not among those that fail: it ends with `TIMEOUT`.
    "silence": [(breaking(TimeoutError(), "calendar"), "timeout", "unknown")],
    # As with a 503.
    "refusal": [(breaking(TransientError("calendar: 503"), "calendar"), "attempts_exhausted", "unknown")],
    "tables": [(breaking(TransientError("dynamodb: throttled"), *TABLES), "attempts_exhausted", "unknown")],
    "time-out": [(breaking(TimeoutError(), *TABLES), "timeout", "unknown")],
    "bug": [(breaking(KeyError("a bug"), *TABLES), "bug", "would_fail")],
    "profile": [("no profile", "unknown_tenant", "would_fail")],
    # Whether a queue takes a message is known when it is sent.
    "notices": [(breaking(REFUSED_BY_AWS, "notices"), "aws_AccessDenied", None)],
    "queue": [(breaking(REFUSED_BY_AWS, "commands"), "aws_AccessDenied", None)],
    "scheduler": [(breaking(REFUSED_BY_AWS, "schedules"), "aws_AccessDenied", None)],
}
"""For each cause: what breaks, the reason at the desk, and the forecast while it is broken."""

BY_CHANCE = {("booking.create", "refusal"), ("booking.reschedule", "refusal")}
"""What fails only if its random waits end within four seconds; otherwise it ends with `TIMEOUT`."""

NEVER_FORECAST = {"calendar.sync", "calendar.tick"}
"""Their forecast reads nothing: the desk may not read the table of tokens."""


def internal(world, kind, **data):
    envelope = {"id": "i1", "tenant": TENANT, "session_id": "session", "locale": "pl"}
    return kind(**envelope, accepted_at=world.clock.now(), data=data)


async def prepare_create(world):
    return world.create_command()


async def prepare_verify(world):
    held = await world.held()
    return world.command("verify", appointment_id=held, code=world.code(held))


async def prepare_resend(world):
    return world.command("resend", appointment_id=await world.held())


async def prepare_cancel(world):
    return world.command("cancel", appointment_id=await world.confirmed())


async def prepare_reschedule(world):
    return world.command("reschedule", appointment_id=await world.confirmed(), start=WEDNESDAY_TEN)


async def prepare_settle_entry(world):
    verify = await prepare_verify(world)
    await world.handler.handle(verify, await world.claims.claim(verify.claim_key, fingerprint="f", lease=LEASE))
    [command] = world.commands.drain()
    assert isinstance(command, BookingSettleEntry)
    return command


async def prepare_remind(world):
    await world.confirmed()
    planned = min(world.schedules.planned.values(), key=lambda one: one.at)
    world.clock.set(planned.at)
    return planned.command


async def prepare_plan_reminders(world):
    visit = await world.appointment(await world.confirmed())
    world.schedules.planned.clear()
    return internal(world, BookingPlanReminders, appointment_id=visit.appointment_id, start=visit.start)


async def prepare_changed(world):
    visit = await world.appointment(await world.confirmed())
    world.calendar.owner_moves(visit.appointment_id, Interval(visit.start + 4 * HOUR, visit.end + 4 * HOUR))
    return internal(world, CalendarChanged, appointment_id=visit.appointment_id)


async def prepare_sync(world):
    await prepare_changed(world)
    return internal(world, CalendarSync, calendar_id="calendar")


async def prepare_tick(world):
    await prepare_changed(world)
    return internal(world, CalendarTick)


COMMANDS = {
    "booking.create": prepare_create,
    "booking.verify": prepare_verify,
    "booking.resend": prepare_resend,
    "booking.cancel": prepare_cancel,
    "booking.reschedule": prepare_reschedule,
    "booking.settle_entry": prepare_settle_entry,
    "booking.remind": prepare_remind,
    "booking.plan_reminders": prepare_plan_reminders,
    "calendar.changed": prepare_changed,
    "calendar.sync": prepare_sync,
    "calendar.tick": prepare_tick,
}


async def let_another_book(world):
    occupied = {visit.start for visit in world.appointments.rows.values()}
    for start in (TUESDAY_TEN, WEDNESDAY_TEN):
        if datetime.fromisoformat(start).replace(tzinfo=UTC) - HOUR not in occupied:
            await world.confirmed(start, session=f"other-{start}", contact="eva@example.com")


async def let_owner_block(world):
    for day in (13, 14):
        ten = datetime(2026, 1, day, 9, tzinfo=UTC)
        world.calendar.block(Interval(ten, ten + HOUR))


async def send(world, kind, **fields):
    [visit] = world.appointments.rows.values()
    await world.send(kind, appointment_id=visit.appointment_id, **fields)


async def cancel(world):
    await send(world, "cancel")


async def move(world):
    await send(world, "reschedule", start="2026-01-15T10:00")


async def wait_two_hours(world):
    world.clock.advance(MAX_REPLAY_AGE)


async def let_hold_expire(world):
    world.clock.advance(timedelta(minutes=16))


async def let_visit_begin(world):
    world.clock.set(datetime(2026, 1, 13, 9, 0, 1, tzinfo=UTC))


MEANWHILE = {
    "another visitor": let_another_book,
    "the owner": let_owner_block,
    "cancelled": cancel,
    "moved": move,
    "two hours": wait_two_hours,
    "hold expired": let_hold_expire,
    "begun": let_visit_begin,
}


def read_table(heading):
    """Return the rows of the page's table whose second column has a heading, with lists in the first two columns."""
    lines = PAGE.read_text("utf-8").split(f"| command | {heading} |")[1].splitlines()[2:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            return rows
        commands, why, *outcome = (re.sub("`", "", cell.strip()) for cell in line.strip("|").split("|"))
        rows.append((commands.split(", "), why.split(", "), *outcome))
    return rows


@pytest.fixture(autouse=True)
def _no_log_lines():
    """Laying them out for a terminal takes longer than the test."""
    with structlog.testing.capture_logs():
        yield


async def fail(prepare, broken, *, is_closed):
    """Let a command fail in a pool, or for a closed page in a Lambda function; return the worker and the command."""
    world = World(build_profile(senders={"email": "salon@example.com"}), ACCEPTED_AT)
    path = FailingBooking(world, is_lambda=is_closed)
    command = await prepare(world)
    if is_closed:
        world.poster.gone.add("tab")
    world.notices.bodies.clear()
    break_or_repair(path, broken)
    await path.run(command)
    world.poster.posted.clear()
    return path, command


def break_or_repair(path, broken):
    profiles = path.world.tenants.blocking.profiles
    if broken == "no profile":
        profiles.clear()
    else:
        path.break_ports(broken or {})
        profiles[TENANT] = build_profile(senders={"email": "salon@example.com"})


async def forecast(path, failure_id):
    """Return the forecast, which `show` and `retry --dry-run` have in common and in words."""
    details = await path.desk.show_failure(ANNA, failure_id)
    tally = await path.desk.replay_failures(ANNA, [failure_id], per_second=1000, dry_run=True)
    assert tally.forecasts == Counter([details.forecast.kind])
    assert all(t.get(f"forecast_{details.forecast.kind}") for t in TEXTS)
    return details.forecast


async def replay(path, failure_id):
    tally = await path.desk.replay_failures(ANNA, [failure_id], per_second=1000)
    assert (tally.replayed, tally.not_possible) == (1, {})
    await path.drain()
    return path.failures.rows[failure_id]


def assert_answered(path, kept, answer, notice, where, *, is_closed):
    """Assert that the visitor got the answer on the page, or the notice, once; and that calendar and visits agree."""
    world = path.world
    is_refused = answer.isupper()
    assert kept.state is (FailureState.REFUSED if is_refused else FailureState.RESOLVED), where
    if is_refused:
        assert kept.audit_trail[-1].detail == answer, where
        assert all(t.get(f"refusal_{answer}") for t in TEXTS), where
    frames = world.poster.frames("tab")
    received = [frame["data"].get("code", frame["type"]) for frame in frames if frame["type"] != "booking.settled"]
    assert received == ([] if is_closed or answer == NOTHING else [answer]), where
    sent = [notice for notice in world.notice_types if notice != "notice.alert"]
    if is_closed or not is_refused:
        assert sent == ([] if notice == NOTHING else [notice]), where
    else:
        assert sent == [], where
    if where[0].startswith("calendar.") and answer == NOTHING:
        return  # It is too late for what the owner has changed, or a later tick reads it.
    visits = {visit.start for visit in world.appointments.rows.values() if visit.state is AppointmentState.CONFIRMED}
    assert (len(world.events), {event.start for event in world.events}) == (len(visits), visits), where


@pytest.mark.exhaustive
async def test_every_command_fails_and_is_replayed():
    """By every cause, as a pool and as a Lambda function; a replay before the repair does what the forecast said."""
    expected = {
        (command, cause): outcome
        for commands, causes, *outcome in read_table("failed because of")
        for command in commands
        for cause in causes
    }
    assert {command for command, _ in expected} == set(COMMANDS)
    assert {cause for _, cause in expected} == set(CAUSES)
    for command_type, prepare in COMMANDS.items():
        for cause, breaks in CAUSES.items():
            if (command_type, cause) in BY_CHANCE:
                continue
            outcome = expected.get((command_type, cause))
            for broken, reason, while_broken in breaks:
                for is_closed in (False, True) if outcome and broken is breaks[0][0] else (False,):
                    where = (command_type, cause, reason, "closed" if is_closed else "open")
                    path, command = await fail(prepare, broken, is_closed=is_closed)
                    found = [one for one in path.failures.rows.values() if one.type == command_type]
                    if outcome is None:
                        assert found == [], where
                        continue
                    [failure] = found
                    assert (failure.command_id, failure.reason) == (command.id, reason), where
                    assert all(describe_reason(t, reason) != reason for t in TEXTS), where
                    await assert_recovers(path, failure.failure_id, outcome, while_broken, where, is_closed=is_closed)


async def assert_recovers(path, failure_id, outcome, while_broken, where, *, is_closed):
    repaired, answer, notice = outcome
    reason = path.failures.rows[failure_id].reason
    before = await forecast(path, failure_id)
    if where[0] not in NEVER_FORECAST and while_broken:
        assert (before.kind, before.code) == (while_broken, reason), where
        if before.kind == "would_fail":
            again = await replay(path, failure_id)
            assert (again.state, again.reason) == (FailureState.FAILED_AGAIN, before.code), where
    break_or_repair(path, None)
    path.world.poster.posted.clear()
    assert (await forecast(path, failure_id)).kind == repaired, where
    kept = await replay(path, failure_id)
    assert_answered(path, kept, answer, notice, where, is_closed=is_closed)


@pytest.mark.exhaustive
async def test_what_was_overtaken_is_refused_or_does_nothing():
    """The replay does what the forecast said, and its visitor hears it on the page, or by e-mail."""
    for commands, meanwhile, kind, answer, notice in read_table("meanwhile"):
        for command_type in commands:
            for what in meanwhile:
                for is_closed in (False, True):
                    where = (command_type, what, "closed" if is_closed else "open")
                    broken = CAUSES["tables"][0][0]
                    path, _ = await fail(COMMANDS[command_type], broken, is_closed=is_closed)
                    break_or_repair(path, None)
                    await MEANWHILE[what](path.world)
                    path.world.notices.bodies.clear()
                    path.world.poster.posted.clear()
                    [failure_id] = path.failures.rows
                    found = await forecast(path, failure_id)
                    assert found.kind == kind, where
                    assert found.code in {None, answer}, where
                    if kind == "taken" and not is_closed and command_type != "booking.verify":
                        await edit_request(path, failure_id, found)
                        assert (await forecast(path, failure_id)).kind == "free", where
                        assert (await replay(path, failure_id)).state is FailureState.RESOLVED, where
                        assert found.alternatives[0] in list_starts(path), where
                        continue
                    kept = await replay(path, failure_id)
                    assert_answered(path, kept, answer, notice, where, is_closed=is_closed)


async def edit_request(path, failure_id, found):
    """Enter one of the times that the forecast offers, as an operator does."""
    details = await path.desk.show_failure(ANNA, failure_id, unmasked=True)
    await path.desk.edit_failure(ANNA, failure_id, {**details.data, "start": found.alternatives[0].isoformat()})


def list_starts(path):
    return [visit.start for visit in path.world.appointments.rows.values()]
