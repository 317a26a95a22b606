"""Bulk replays: exactly the selected failures, in order, at a limited rate."""

import asyncio
import json
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta

import pytest

from ops.desk.domain.values import Forecast, ForecastKind, NotPossibleReason, Operator, Replayed
from ops.desk.rate_limit import Job, run_at_rate
from shared.errors import PermanentError, TransientError
from shared.ledger.failures import FailureFilter, FailureState
from tests.fakes.clock import NOON
from tests.fakes.desk import ANNA
from tests.fakes.envelopes import command_body
from tests.fakes.turned_loop import run_turned

QUICK = 10_000


async def record_many(world, number, **changes):
    return [
        await world.failed(
            f"k{n:04}",
            session=f"s{n % 7}",
            last_at=NOON + timedelta(seconds=(n * 37) % number),
            first_at=NOON,
            **changes,
        )
        for n in range(number)
    ]


async def test_a_filter_selects_what_is_replayed(world):
    """Counts are exact, and other failures are unchanged."""
    await record_many(world, 40)
    others = [await world.failed(f"x{n}", reason="bug") for n in range(20)]
    tally = await world.desk.replay_failures(ANNA, FailureFilter(reason="calendar_access_revoked"), per_second=QUICK)
    assert (tally.replayed, tally.not_possible, tally.forecasts) == (40, Counter(), Counter())
    assert len(world.replays.sent) == 40
    assert {world.kept(one).state for one in others} == {FailureState.FAILED}


async def test_groups_keep_the_order_of_acceptance(world):
    """Whatever the order in the ledger, and however many run concurrently."""
    ids = await record_many(world, 70)
    for number, failure_id in enumerate(ids):
        kept = world.kept(failure_id)
        body = json.loads(kept.payload) | {"accepted_at": (NOON + timedelta(seconds=number)).isoformat()}
        world.ledger.rows[failure_id] = replace(kept, payload=json.dumps(body))
    put = world.replays.send_replay

    async def put_some_slowly(failure):
        await asyncio.sleep(0.02 if failure.command_id.endswith(("0", "3")) else 0)
        await put(failure)

    world.replays.send_replay = put_some_slowly
    await world.desk.replay_failures(ANNA, FailureFilter(), per_second=QUICK)
    by_group = defaultdict(list)
    for _, group, body in world.replays.sent:
        by_group[group].append(json.loads(body)["accepted_at"])
    assert len(by_group) == 7
    assert all(times == sorted(times) for times in by_group.values())


async def test_each_id_is_replayed_once(world):
    """A repeated id counts once, and an unknown id does not stop the others."""
    [one, two] = await record_many(world, 2)
    tally = await world.desk.replay_failures(ANNA, [two, one, two, "nobody's"], per_second=QUICK)
    assert (tally.replayed, tally.not_possible) == (2, {NotPossibleReason.UNKNOWN: 1})


async def test_a_dry_run_only_forecasts(world):
    """It counts the forecasts and changes nothing."""
    ids = await record_many(world, 5)
    world.forecaster.by_failure[ids[0]] = Forecast(ForecastKind.OCCUPIED)
    before = dict(world.ledger.rows)
    tally = await world.desk.replay_failures(ANNA, FailureFilter(), per_second=QUICK, dry_run=True)
    assert (tally.replayed, tally.forecasts) == (0, {ForecastKind.FREE: 4, ForecastKind.OCCUPIED: 1})
    assert (world.replays.sent, world.ledger.rows) == ([], before)


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("state", FailureState)
@pytest.mark.parametrize("payload", ["as it was", "not JSON", ""])
async def test_a_dry_run_and_a_replay_agree(world, state, again, payload):
    """What would not be replayed has the same reason in both, and no forecast."""
    changes = {} if payload == "as it was" else {"payload": payload}
    failure_id = await world.failed("one", **changes)
    if state is FailureState.REPLAYING:
        await world.desk.replay_failure(ANNA, failure_id)
    world.ledger.rows[failure_id] = replace(world.kept(failure_id), state=state)
    dry = await world.desk.replay_failures(ANNA, [failure_id], per_second=QUICK, again=again, dry_run=True)
    done = await world.desk.replay_failures(ANNA, [failure_id], per_second=QUICK, again=again)
    assert dry.not_possible == done.not_possible
    assert sum(dry.forecasts.values()) == done.replayed


async def test_a_filter_without_states_selects_open_failures(world):
    """Ended failures and running replays are not replayed."""
    ids = await record_many(world, 4)
    await world.desk.discard_failure(ANNA, ids[0], "called")
    await world.desk.replay_failure(ANNA, ids[1])
    tally = await world.desk.replay_failures(ANNA, FailureFilter(), per_second=QUICK)
    assert (tally.replayed, tally.not_possible) == (2, {})


async def test_order_is_kept_if_one_can_not_be_sent(world):
    """The rest of its group is skipped; other groups continue."""
    for number in range(6):
        session = "odd" if number % 2 else "even"
        accepted = (NOON + timedelta(seconds=number)).isoformat()
        body = command_body(f"k{number}", session=session, accepted_at=accepted, type="booking.slots", data={})
        await world.failed(f"k{number}", session=session, payload=body)
    put = world.replays.send_replay

    async def reject_one(failure):
        if failure.command_id == "k1":
            raise PermanentError("aws_InvalidParameter", "sqs.replay: refused")
        await put(failure)

    world.replays.send_replay = reject_one
    tally = await world.desk.replay_failures(ANNA, FailureFilter(), per_second=QUICK)
    assert (tally.replayed, tally.not_possible) == (
        3,
        {NotPossibleReason.NOT_SENT: 1, NotPossibleReason.AFTER_ANOTHER: 2},
    )
    assert [json.loads(body)["id"] for _, _, body in world.replays.sent] == ["k0", "k2", "k4"]


async def test_an_error_of_the_ledger_affects_one_failure(world):
    """The others are replayed, and the tally counts both."""
    ids = await record_many(world, 21)
    first, get = min(ids), world.ledger.get  # With the same time of acceptance they are sorted by id.

    async def fail_for_first(failure_id):
        if failure_id == first:
            raise TransientError("failures.get: timeout")
        return await get(failure_id)

    world.ledger.get = fail_for_first
    forecast_tally = await world.desk.replay_failures(ANNA, FailureFilter(), per_second=QUICK, dry_run=True)
    assert forecast_tally.forecasts == {ForecastKind.FREE: 20, ForecastKind.UNKNOWN: 1}
    tally = await world.desk.replay_failures(ANNA, FailureFilter(), per_second=QUICK)
    # Two more failures of its conversation are skipped.
    assert tally.not_possible == {NotPossibleReason.NOT_SENT: 1, NotPossibleReason.AFTER_ANOTHER: 2}
    assert tally.replayed == len(world.replays.sent) == 18


async def test_a_stop_completes_running_replays(world):
    """Running replays are completed, the others are unchanged, and the reported progress is right."""
    await record_many(world, 60)
    steps, put = [], world.replays.send_replay

    async def put_slowly(failure):
        await asyncio.sleep(0.01)
        await put(failure)

    world.replays.send_replay = put_slowly
    running = asyncio.create_task(
        world.desk.replay_failures(ANNA, FailureFilter(), per_second=500, on_progress=steps.append)
    )
    while len(steps) < 5:
        await asyncio.sleep(0.005)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    states = Counter(row.state for row in world.ledger.rows.values())
    assert states[FailureState.REPLAYING] == len(world.replays.sent) == len(steps) < 60
    assert states[FailureState.FAILED] == 60 - len(world.replays.sent)


async def test_progress_is_reported_for_each(world):
    """A progress bar and a list can be made from it."""
    await record_many(world, 12)
    steps = []
    await world.desk.replay_failures(ANNA, FailureFilter(), per_second=QUICK, on_progress=steps.append)
    assert [step.done for step in steps] == list(range(1, 13))
    assert {step.total for step in steps} == {12}
    assert all(isinstance(step.outcome, Replayed) for step in steps)


async def test_two_operators_replay_the_same_failures(world):
    """Each message is sent once."""
    await record_many(world, 50)
    tallies = await asyncio.gather(
        *(world.desk.replay_failures(Operator(name), FailureFilter(), per_second=QUICK) for name in ("anna", "bob"))
    )
    assert sum(tally.replayed for tally in tallies) == len(world.replays.sent) == 50


def start_times(count, *, per_second, slow_id=None):
    """Run jobs at a rate; return when each started, in seconds of simulated time."""

    async def run():
        loop, times = asyncio.get_running_loop(), []
        began = loop.time()

        async def act(job):
            times.append(loop.time() - began)
            await asyncio.sleep(3 if job.failure_id == slow_id else 0)

        await run_at_rate([Job(str(n), str(n)) for n in range(count)], act, per_second=per_second)
        return times

    return run_turned(run())


def test_the_rate_is_limited():
    """At 100 per second, jobs start every hundredth of a second."""
    assert start_times(21, per_second=100) == pytest.approx([number / 100 for number in range(21)])


def test_a_pause_causes_no_burst(monkeypatch):
    """After a job that blocked all others, the rest starts at the limited rate, because the other side is slow."""
    monkeypatch.setattr("ops.desk.rate_limit.MAX_CONCURRENT", 1)
    # The fourth job was due already and waits only for a permit.
    assert start_times(8, per_second=1, slow_id="2") == pytest.approx([0, 1, 2, 5, 5, 6, 7, 8])


async def test_an_exception_stops_all_jobs():
    """The first exception is raised."""
    done = []

    async def act(job):
        done.append(job.failure_id)
        if job.failure_id == "3":
            raise PermanentError("aws_AccessDenied")

    with pytest.raises(PermanentError):
        await run_at_rate([Job(str(n), "g") for n in range(100)], act, per_second=QUICK)
    assert len(done) < 100
    with pytest.raises(ValueError, match="per_second"):
        await run_at_rate([], act, per_second=0)
