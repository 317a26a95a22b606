"""A replay whose outcome never came waits for somebody again; one that is under way does not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ops.desk.domain.transitions import REPLAY_TIMEOUT
from ops.desk.domain.values import Operator, Replayed
from shared.ledger.audit_details import ReplayNumber
from shared.ledger.failures import AuditEntry, FailureFilter, FailureState
from shared.ledger.rules import OPEN
from tests.fakes.clock import NOON
from tests.fakes.desk import ANNA
from tests.fakes.envelopes import command_body

MOMENT = timedelta(seconds=1)
WAITING = FailureFilter(states=OPEN)


async def replaying(world, key, *, ago, **changes):
    """Enter a failure that was replayed some time ago."""
    audit_trail = (AuditEntry(world.clock.now() - ago, "anna", "replayed", ReplayNumber(1)),)
    return await world.failed(key, state=FailureState.REPLAYING, replays=1, audit_trail=audit_trail, **changes)


async def under_way(world, key, **changes):
    return await replaying(world, key, ago=REPLAY_TIMEOUT - MOMENT, **changes)


async def lost(world, key, **changes):
    return await replaying(world, key, ago=REPLAY_TIMEOUT, **changes)


async def found(world, wanted=WAITING, operator=ANNA):
    return {failure.failure_id for failure in (await world.desk.find(operator, wanted)).failures}


async def walked(world, limit):
    """Return the ids of each page of what waits, to the end."""
    pages, after = [], None
    while True:
        page = await world.desk.find(ANNA, WAITING, limit=limit, after=after)
        pages.append([failure.failure_id for failure in page.failures])
        if page.after is None:
            return pages
        after = page.after


@pytest.mark.parametrize("states", [OPEN, sorted(OPEN), [*OPEN, FailureState.DISCARDED]])
async def test_what_waits_has_lost_replays(world, states):
    """They come with all that waits, whatever else is asked for."""
    failed, never_came = await world.failed("failed"), await lost(world, "lost")
    await under_way(world, "under way")
    assert await found(world, FailureFilter(states=states)) == {failed, never_came}


async def test_a_notice_may_wait_till_morning(world):
    """It waits for the end of the quiet hours, or for its turn: who replayed it as lost would have two go out."""
    body = command_body(type="notice.alert", data={"reason": "a", "advice": "b"})
    waits = await replaying(world, "waits", ago=timedelta(hours=11), queue="notifications", payload=body)
    gone = await replaying(world, "gone", ago=timedelta(hours=24), queue="notifications", payload=body)
    assert await found(world) == {gone}
    assert (await world.desk.stats(ANNA, WAITING)).total == 1
    assert (await world.desk.replay_many(ANNA, WAITING, per_second=1000)).replayed == 1
    # Who names it has seen how it stands, and may know that it never reached the queue.
    assert isinstance(await world.desk.replay(ANNA, waits), Replayed)


async def test_a_state_that_is_named_is_that_state(world):
    """Who asks for one state gets it: `replaying` with all replays, `failed` with none."""
    failed, both = await world.failed("failed"), {await lost(world, "lost"), await under_way(world, "under way")}
    assert await found(world, FailureFilter(states=[FailureState.FAILED])) == {failed}
    assert await found(world, FailureFilter(states=[FailureState.REPLAYING])) == both
    assert await found(world, FailureFilter(states=[*OPEN, FailureState.REPLAYING])) == {failed, *both}


async def test_other_filters_hold_for_lost_replays(world):
    """So do tenants: nobody sees another's."""
    mine = await lost(world, "mine", reason="bug")
    await lost(world, "other reason")
    await lost(world, "other tenant", reason="bug", tenant="clinic")
    owner, wanted = Operator("ania", frozenset({"salon"})), FailureFilter(states=OPEN, reason="bug")
    assert await found(world, wanted, owner) == {mine}
    stats = await world.desk.stats(owner, wanted)
    assert (stats.total, dict(stats.by_state)) == (1, {"replaying": 1})


async def test_a_filter_replays_what_is_lost(world):
    """What is under way is left alone, and is not even told of."""
    never_came = await lost(world, "lost")
    await under_way(world, "under way")
    tally = await world.desk.replay_many(ANNA, FailureFilter(), per_second=10_000)
    assert (tally.replayed, tally.total) == (1, 1)
    assert world.kept(never_came).replays == 2


async def test_lost_replays_are_counted_with_what_waits(world):
    """Under the state that they have."""
    await world.failed("failed")
    await lost(world, "lost")
    await under_way(world, "under way")
    stats = await world.desk.stats(ANNA, WAITING)
    assert (stats.total, stats.is_complete) == (2, True)
    assert dict(stats.by_state) == {"failed": 1, "replaying": 1}
    assert dict((await world.desk.stats(ANNA)).by_state) == {"failed": 1, "replaying": 2}


async def test_so_many_replays_that_not_each_is_looked_at(world):
    """The count says that there may be more."""
    for number in range(501):
        await under_way(world, f"k{number}")
    assert not (await world.desk.stats(ANNA, WAITING)).is_complete


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
async def test_pages_are_full_in_spite_of_what_is_under_way(world, limit):
    """Each page but the last has as many as were asked for, and each failure stands on one of them."""
    waits = []
    for number in range(12):
        at = NOON - number * MOMENT
        make = (under_way, world.failed, lost)[number % 3]
        args = (f"k{number}",) if make == world.failed else (world, f"k{number}")
        failure_id = await make(*args, last_at=at, first_at=at)
        waits += [failure_id] if number % 3 else []
    pages = await walked(world, limit)
    assert [failure_id for page in pages for failure_id in page] == waits
    assert all(len(page) == limit for page in pages[:-1])


async def test_behind_very_many_that_are_under_way_the_list_goes_on(world):
    """One look reads a bounded number of pages; the next one begins where it ended."""
    for number in range(30):
        await under_way(world, f"k{number}")
    old = await world.failed("old", last_at=NOON - MOMENT, first_at=NOON - MOMENT)
    assert await walked(world, 1) == [[], [old]]


async def test_a_ledger_that_has_looked_at_enough_is_not_asked_on(world):
    """What it says is short because it looked at very many, not because something was left out of it."""
    await world.failed("failed")
    find, asked = world.ledger.find, []

    async def tired(wanted, *, limit, after, outlines=False):
        asked.append(after)
        return replace(await find(wanted, limit=limit, outlines=outlines), after="further")

    world.ledger.find = tired
    page = await world.desk.find(ANNA, WAITING, limit=5)
    assert (len(page.failures), page.after, asked) == (1, "further", [None])


async def test_a_number_of_them_is_that_number(world):
    """What is left out does not count towards the limit."""
    for number in range(3):
        await under_way(world, f"k{number}")
    old = [await world.failed(f"old {n}", last_at=NOON - n * MOMENT, first_at=NOON - n * MOMENT) for n in (1, 2, 3)]
    assert [one.failure_id async for one in world.desk.iterate(ANNA, WAITING, limit=2)] == old[:2]


async def test_a_case_says_that_no_outcome_came(world):
    """Once it is over, the replay that is under way is not lost yet."""
    cases = [await world.desk.show(ANNA, one) for one in (await lost(world, "lost"), await under_way(world, "way"))]
    assert [details.is_lost for details in cases] == [True, False]
    assert not (await world.desk.show(ANNA, await world.failed("failed"))).is_lost


async def test_a_list_has_masked_contacts(world):
    """Of messages that have one, and can be read; the payload stays away."""
    one = await world.failed()
    await world.failed("unreadable", payload="jan@example.com")
    await world.failed("sealed", payload="")
    page = await world.desk.find(ANNA)
    assert page.contacts == {one: "j***@e***.com"}
    assert {failure.payload for failure in page.failures} == {""}
