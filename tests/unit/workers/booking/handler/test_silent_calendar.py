"""A calendar that does not answer: what visitors hear in time, and what is done without it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import DependencyDownError, RateLimitedError, TransientError
from shared.messages.errors import ErrorCode
from tests.fakes.turned_loop import run_turned
from tests.unit.workers.booking.handler.conftest import LEASE, replayed
from workers.booking.adapters.remembered_times import MAX_AGE, RememberedBusyTimes
from workers.booking.domain.values import Interval
from workers.booking.handler import BookingHandler
from workers.booking.handler.calendar_reading import CALENDAR_SECONDS
from workers.booking.handler.progress import BookingVisitor
from workers.booking.ports import BusyTime

TUESDAY = datetime(2026, 1, 13, tzinfo=UTC)
TEN_IN_WARSAW = Interval(TUESDAY + timedelta(hours=9), TUESDAY + timedelta(hours=10))
PHONE = "+48 600 700 800"
SILENT = "The calendar can't be reached right now, so nothing was booked or changed. Please try again in a minute"


@pytest.fixture
def remember(make_profile):
    """Return a function that lets a business remember a fortnight of its calendar, with some busy times."""

    def remember(world, *busy):
        memory = RememberedBusyTimes(world.clock)
        week = timedelta(days=7)
        memory.remember(
            "calendar",
            Interval(TUESDAY - week, TUESDAY + 2 * week),
            make_profile().zone,
            [BusyTime(one) for one in busy],
        )
        world.ports = replace(world.ports, calendar_memory=memory)
        world.handler = BookingHandler(ports=world.ports, replies=world.handler._replies, claims=world.claims)

    return remember


async def timed(awaitable):
    began = asyncio.get_running_loop().time()
    result = await awaitable
    return result, asyncio.get_running_loop().time() - began


def freeze(world):
    world.calendar.answers.clear()


def break_circuit(world):
    world.calendar.outage = DependencyDownError("google_calendar: not called")


def use_up_requests(world):
    world.calendar.outage = RateLimitedError("calendar: no request left for holds", retry_after=timedelta(seconds=9))


FAILURES = [(freeze, CALENDAR_SECONDS), (break_circuit, 0), (use_up_requests, 0)]


@pytest.mark.parametrize(("fail", "seconds"), FAILURES)
def test_a_time_is_held_by_the_last_answer_of_the_calendar(world, remember, fail, seconds):
    """Within three seconds; a time that was busy then is refused, with others."""
    remember(world, TEN_IN_WARSAW)
    fail(world)

    async def run():
        pending, took = await timed(world.create("2026-01-13T13:00"))
        assert (pending.type, took) == ("booking.pending", seconds)
        refused, took = await timed(world.create("2026-01-13T10:00", session="another"))
        assert refused.data.code is ErrorCode.SLOT_TAKEN
        assert refused.data.alternatives
        assert took <= 2 * seconds

    run_turned(run())


@pytest.mark.parametrize(("fail", "seconds"), FAILURES)
@pytest.mark.parametrize("phone", [None, PHONE])
def test_without_such_knowledge_the_visitor_is_refused(new_world, fail, seconds, phone):
    """With what to do instead, and nothing is written: the same request may be sent again."""
    world = new_world(phone=phone)
    fail(world)

    async def run():
        refused, took = await timed(world.create())
        assert (refused.data.code, refused.data.retryable, took) == (ErrorCode.TIMEOUT, True, seconds)
        assert refused.data.message == SILENT + (f", or call us: {PHONE}." if phone else ".")
        assert refused.data.retry_after_ms == 30_000
        assert world.appointments.writes == 0
        world.calendar.outage = None
        world.calendar.answers.set()
        assert (await world.create()).type == "booking.pending"

    run_turned(run())


def test_what_was_remembered_for_too_long_is_not_used(world, remember):
    """The owner may have filled the time since."""
    remember(world)
    freeze(world)
    world.clock.advance(MAX_AGE + timedelta(seconds=1))

    async def run():
        assert (await world.create()).data.code is ErrorCode.TIMEOUT

    run_turned(run())


@pytest.mark.parametrize(("waited", "is_retried"), [(3.9, True), (4.1, False)])
async def test_an_error_that_comes_at_once_is_retried_while_the_visitor_can_wait(world, waited, is_retried):
    """A single 503 is no reason for a refusal."""
    world.calendar.outage = TransientError("503")
    command = world.create_command()
    world.clock.advance(timedelta(seconds=waited))
    if is_retried:
        with pytest.raises(TransientError):
            await world.handle(command)
    else:
        assert (await world.handle(command)).data.code is ErrorCode.TIMEOUT


@pytest.mark.parametrize(("fail", "error"), [(break_circuit, DependencyDownError), (use_up_requests, RateLimitedError)])
def test_nobody_waits_for_a_replay(world, remember, fail, error):
    """It is tried again until the calendar answers."""
    remember(world)
    fail(world)
    command = replayed(world.create_command())

    async def run():
        with pytest.raises(error):
            await world.handle(command)
        world.calendar.outage = None
        assert (await world.handle(command)).type == "booking.pending"

    run_turned(run())


def test_a_visit_is_moved_without_the_calendar(world, remember):
    """The event follows by a command of its own; without knowledge of the calendar the visit stays as it is."""

    async def run():
        visit = await world.confirmed()
        freeze(world)
        move = {"appointment_id": visit, "start": "2026-01-13T13:00"}
        refused = await world.handle(world.command("reschedule", **move))
        assert (refused.data.code, refused.data.message) == (ErrorCode.TIMEOUT, SILENT + ".")
        remember(world)
        command = world.command("reschedule", **move)
        claim = await world.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
        _, took = await timed(world.handler.handle(command, claim))
        assert took == CALENDAR_SECONDS
        assert world.frames()[-1] == "booking.rescheduled"

    run_turned(run())


def test_free_times_are_listed_by_the_last_answer_of_the_calendar(world, remember):
    """They say when it was read; the visitor waits for three seconds at most."""
    remember(world, TEN_IN_WARSAW)
    read_at = world.clock.now()
    world.clock.advance(timedelta(minutes=5))
    freeze(world)

    async def run():
        answer, took = await timed(world.ask("slots", service="massage", **{"from": "2026-01-13"}, days=1))
        assert took == CALENDAR_SECONDS
        assert datetime.fromisoformat(answer["data"]["calendar_read_at"]) == read_at
        starts = [slot["start"][11:16] for slot in answer["data"]["slots"]]
        assert "13:00" in starts
        assert "10:00" not in starts
        world.calendar.answers.set()
        assert "calendar_read_at" not in (await world.ask("slots", service="massage"))["data"]

    run_turned(run())


def test_a_question_about_free_times_is_refused_in_time(new_world):
    """Without knowledge of the calendar nothing counts as free."""
    world = new_world(phone=PHONE)
    freeze(world)

    async def run():
        refused, took = await timed(world.ask("slots", service="massage"))
        assert (refused["data"]["code"], refused["data"]["retryable"], took) == ("TIMEOUT", True, CALENDAR_SECONDS)
        assert refused["data"]["message"] == f"{SILENT}, or call us: {PHONE}."

    run_turned(run())


@pytest.mark.parametrize("kind", ["slots", "lookup"])
@pytest.mark.parametrize(("waited", "takes"), [(0, 9), (5, 4), (9.9, 1)])
def test_a_question_is_refused_however_slow_the_tables_are(world, kind, waited, takes):
    """Nine seconds after its acceptance; nothing has to be read for the refusal."""
    world.connections.takes_seconds = 20

    async def run():
        data = {"appointment_id": "0" * 32} if kind == "lookup" else {}
        command = world.command(kind, **data)
        world.clock.advance(timedelta(seconds=waited))
        claim = await world.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
        code, took = await timed(world.handler.handle(command, claim))
        assert (code, took) == ("TIMEOUT", takes + 0.5)
        assert [frame["re"] for frame in world.poster.frames("tab")] == [command.client_id]

    run_turned(run())


@pytest.mark.parametrize("phone", [None, PHONE])
async def test_a_calendar_that_can_not_be_used_at_all_has_the_same_sentence(new_world, phone):
    """The operators get the alert; the visitor what to do instead."""
    world = new_world(phone=phone)
    command = world.create_command()
    claim = await world.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
    await world.handler.give_up(command, claim, "calendar_access_revoked")
    [refused] = world.conversations.list_frames("session")
    assert refused.data.message == SILENT + (f", or call us: {PHONE}." if phone else ".")


class Slow:
    """A command under way whose connections are read in a while, of a session with one tab that knows `progress`."""

    def __init__(self, world, takes_seconds, *, waited=0.0, replay=0, kind="create", **envelope):
        world.connections.takes_seconds = takes_seconds
        world.connections.open("session", "able", locale="en", capabilities=["progress"])
        self.world = world
        start = {"start": "2026-01-13T10:00", "contact": "jan@example.com", "service": "massage"}
        self.command = world.command(kind, replay=replay, envelope=envelope, **(start if kind == "create" else {}))
        world.clock.advance(timedelta(seconds=waited))
        self.began = 0.0

    async def _handle(self):
        world, command = self.world, self.command
        async with BookingVisitor(world.replies.waiting, world.clock, world.handler.late_queries).watch(command):
            claim = await world.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
            await world.handler.handle(command, claim)

    async def handle(self):
        """Return when the frames of the type `progress` came, in seconds from the begin."""
        loop, poster, heard = asyncio.get_running_loop(), self.world.poster, []
        began = loop.time()
        task = asyncio.create_task(self._handle())
        while not task.done():
            await asyncio.wait([task], timeout=0.25)
            while len(heard) < poster.types("able").count("progress"):
                heard.append(loop.time() - began)
        await task
        assert "progress" not in poster.types("tab")
        return heard


@pytest.mark.parametrize(
    ("takes", "options", "expected"),
    [
        (1.9, {}, []),  # it ends after 3.8 seconds
        (2.5, {}, [4]),
        (5, {}, [5]),  # not known before who listens
        (9.5, {}, [9.5]),
        (14.5, {}, [14.5, 24.5]),
        (2.5, {"waited": 3}, [2.5]),
        (2.5, {"waited": 60}, [2.5]),
        (5, {"replay": 1}, []),
        (5, {"kind": "slots"}, []),
        (14.5, {"connection_id": "able", "capabilities": ["progress"]}, [4, 14, 24]),  # the command says who listens
        (14.5, {"connection_id": "able", "capabilities": ["challenge"]}, [14.5, 24.5]),
    ],
)
def test_a_visitor_hears_that_a_command_takes_longer(world, takes, options, expected):
    """Four seconds after its acceptance, or when it is known who listens, and every ten seconds; of a query never."""
    heard = run_turned(Slow(world, takes, **options).handle())
    assert heard == pytest.approx(expected, abs=0.26)
