"""Lost replays, whose outcome never came, need action again; running replays do not."""

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
OPEN_FAILURES = FailureFilter(states=OPEN)


async def replaying(world, key, *, ago, **changes):
    """Record a failure that was replayed some time ago."""
    audit_trail = (AuditEntry(world.clock.now() - ago, "anna", "replayed", ReplayNumber(1)),)
    return await world.failed(key, state=FailureState.REPLAYING, replays=1, audit_trail=audit_trail, **changes)


async def running(world, key, **changes):
    return await replaying(world, key, ago=REPLAY_TIMEOUT - MOMENT, **changes)


async def lost(world, key, **changes):
    return await replaying(world, key, ago=REPLAY_TIMEOUT, **changes)


async def find_ids(world, failure_filter=OPEN_FAILURES, operator=ANNA):
    return {failure.failure_id for failure in (await world.desk.find_failures(operator, failure_filter)).failures}


async def list_pages(world, limit):
    """Return the ids on each page of open failures."""
    pages, after = [], None
    while True:
        page = await world.desk.find_failures(ANNA, OPEN_FAILURES, limit=limit, after=after)
        pages.append([failure.failure_id for failure in page.failures])
        if page.after is None:
            return pages
        after = page.after


@pytest.mark.parametrize("states", [OPEN, sorted(OPEN), [*OPEN, FailureState.DISCARDED]])
async def test_open_failures_include_lost_replays(world, states):
    """Also if the filter has other states beside the open ones."""
    failed, never_came = await world.failed("failed"), await lost(world, "lost")
    await running(world, "under way")
    assert await find_ids(world, FailureFilter(states=states)) == {failed, never_came}


async def test_a_notice_is_lost_after_a_day(world):
    """It may wait for the end of quiet hours or for its send slot, and an early replay would send it twice."""
    body = command_body(type="notice.alert", data={"reason": "a", "advice": "b"})
    waiting = await replaying(world, "waits", ago=timedelta(hours=11), queue="notifications", payload=body)
    never_came = await replaying(world, "gone", ago=timedelta(hours=24), queue="notifications", payload=body)
    assert await find_ids(world) == {never_came}
    assert (await world.desk.count_failures(ANNA, OPEN_FAILURES)).total == 1
    assert (await world.desk.replay_failures(ANNA, OPEN_FAILURES, per_second=1000)).replayed == 1
    # By its id it can be replayed: the operator may know that it never reached the queue.
    assert isinstance(await world.desk.replay_failure(ANNA, waiting), Replayed)


async def test_a_single_state_means_only_that_state(world):
    """A filter for `replaying` finds all replays, and one for `failed` none."""
    failed, both = await world.failed("failed"), {await lost(world, "lost"), await running(world, "under way")}
    assert await find_ids(world, FailureFilter(states=[FailureState.FAILED])) == {failed}
    assert await find_ids(world, FailureFilter(states=[FailureState.REPLAYING])) == both
    assert await find_ids(world, FailureFilter(states=[*OPEN, FailureState.REPLAYING])) == {failed, *both}


async def test_other_filters_apply_to_lost_replays(world):
    """So do the tenants of the operator."""
    mine = await lost(world, "mine", reason="bug")
    await lost(world, "other reason")
    await lost(world, "other tenant", reason="bug", tenant="clinic")
    owner, failure_filter = Operator("ania", frozenset({"salon"})), FailureFilter(states=OPEN, reason="bug")
    assert await find_ids(world, failure_filter, owner) == {mine}
    stats = await world.desk.count_failures(owner, failure_filter)
    assert (stats.total, dict(stats.by_state)) == (1, {"replaying": 1})


async def test_a_filter_replays_lost_replays(world):
    """Running replays are neither replayed nor counted."""
    never_came = await lost(world, "lost")
    await running(world, "under way")
    tally = await world.desk.replay_failures(ANNA, FailureFilter(), per_second=10_000)
    assert (tally.replayed, tally.total) == (1, 1)
    assert world.kept(never_came).replays == 2


async def test_lost_replays_are_counted_as_open(world):
    """They are counted under their state, `replaying`."""
    await world.failed("failed")
    await lost(world, "lost")
    await running(world, "under way")
    stats = await world.desk.count_failures(ANNA, OPEN_FAILURES)
    assert (stats.total, stats.is_complete) == (2, True)
    assert dict(stats.by_state) == {"failed": 1, "replaying": 1}
    assert dict((await world.desk.count_failures(ANNA)).by_state) == {"failed": 1, "replaying": 2}


async def test_too_many_replays_make_the_counts_incomplete(world):
    """Not every replay is checked then, and the counts say so."""
    for number in range(501):
        await running(world, f"k{number}")
    assert not (await world.desk.count_failures(ANNA, OPEN_FAILURES)).is_complete


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
async def test_pages_are_full_in_spite_of_running_replays(world, limit):
    """Each page but the last reaches the limit, and each failure is on one page."""
    expected = []
    for number in range(12):
        at = NOON - number * MOMENT
        make = (running, world.failed, lost)[number % 3]
        args = (f"k{number}",) if make == world.failed else (world, f"k{number}")
        failure_id = await make(*args, last_at=at, first_at=at)
        expected += [failure_id] if number % 3 else []
    pages = await list_pages(world, limit)
    assert [failure_id for page in pages for failure_id in page] == expected
    assert all(len(page) == limit for page in pages[:-1])


async def test_a_list_continues_after_many_running_replays(world):
    """One call reads a limited number of pages; the next call continues there."""
    for number in range(30):
        await running(world, f"k{number}")
    old = await world.failed("old", last_at=NOON - MOMENT, first_at=NOON - MOMENT)
    assert await list_pages(world, 1) == [[], [old]]


async def test_a_short_page_of_the_ledger_is_returned(world):
    """A page may be short because the ledger limits its reads; it is not filled up then."""
    await world.failed("failed")
    find, cursors = world.ledger.find, []

    async def find_with_cursor(failure_filter, *, limit, after, outlines=False):
        cursors.append(after)
        return replace(await find(failure_filter, limit=limit, outlines=outlines), after="further")

    world.ledger.find = find_with_cursor
    page = await world.desk.find_failures(ANNA, OPEN_FAILURES, limit=5)
    assert (len(page.failures), page.after, cursors) == (1, "further", [None])


async def test_running_replays_do_not_count_towards_the_limit(world):
    """The limit counts only the failures that are returned."""
    for number in range(3):
        await running(world, f"k{number}")
    old = [await world.failed(f"old {n}", last_at=NOON - n * MOMENT, first_at=NOON - n * MOMENT) for n in (1, 2, 3)]
    assert [one.failure_id async for one in world.desk.iterate_failures(ANNA, OPEN_FAILURES, limit=2)] == old[:2]


async def test_details_say_that_a_replay_is_lost(world):
    """A running replay is not lost."""
    cases = [
        await world.desk.show_failure(ANNA, one) for one in (await lost(world, "lost"), await running(world, "way"))
    ]
    assert [details.is_lost for details in cases] == [True, False]
    assert not (await world.desk.show_failure(ANNA, await world.failed("failed"))).is_lost


async def test_a_list_has_masked_contacts(world):
    """Only readable messages have one, and the payload is not returned."""
    one = await world.failed()
    await world.failed("unreadable", payload="jan@example.com")
    await world.failed("sealed", payload="")
    page = await world.desk.find_failures(ANNA)
    assert page.contacts == {one: "j***@e***.com"}
    assert {failure.payload for failure in page.failures} == {""}
