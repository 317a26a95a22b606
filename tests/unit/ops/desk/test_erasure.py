"""A person asks to be forgotten: what failed of their conversation goes, and nobody else's."""

import json
from dataclasses import fields

import pytest
from structlog.testing import capture_logs

from ops.desk.adapters.worker_rules import WorkerRulesForecaster
from ops.desk.domain.erasure import erase_failure
from ops.desk.domain.values import ErasureCounts, Forecast, ForecastKind, NotPossible, NotPossibleReason, Operator
from shared.errors import TransientError
from shared.ids import fingerprint
from shared.ledger.failures import AuditEntry, FailureFilter, FailureState
from tests.fakes.clock import NOON
from tests.fakes.desk import ANNA, failed_booking

OWNER = Operator("owner", frozenset({"salon"}))
SALT = "jan@example.com"


def states(world):
    return {one.command_id or one.failure_id: one.state for one in world.ledger.rows.values()}


async def test_only_what_is_named_stays():
    """A field that failures get one day goes as long as nobody has decided otherwise."""
    failure = failed_booking(error=SALT, trace="1-5759e988-bd862e3fe1be46a994272793", replays=2, version=4)
    gone = erase_failure(failure, ANNA, NOON)
    stay = {"failure_id", "queue", "reason", "attempts", "first_at", "last_at", "type", "tenant", "replays"}
    for run_each in fields(failure):
        if run_each.name in stay:
            assert getattr(gone, run_each.name) == getattr(failure, run_each.name)
        elif run_each.name not in {"state", "audit_trail", "version"}:
            assert getattr(gone, run_each.name) in ("", None), run_each.name


async def test_a_conversation_is_erased_whatever_became_of_it(world):
    """Waiting, under way, discarded: all of it, and what others said stays."""
    waiting, under_way, put_aside = [await world.failed(key, session="s1") for key in ("k1", "k2", "k3")]
    other = await world.failed("k4", session="s2")
    await world.desk.replay(ANNA, under_way)
    await world.desk.discard(ANNA, put_aside, f"{SALT} called")
    done = await world.erasure.erase_session(ANNA, "s1")
    assert done == ErasureCounts(by_queue={"booking": 3}, by_state={"failed": 1, "replaying": 1, "discarded": 1})
    for one in (waiting, under_way, put_aside):
        assert world.kept(one).state is FailureState.ERASED
        assert SALT not in str(world.kept(one)) + world.kept(one).payload
        assert world.kept(one).audit_trail[-1] == AuditEntry(world.clock.now(), "anna", "erased")
    assert world.kept(other).state is FailureState.FAILED
    assert SALT in world.kept(other).payload


async def test_once_more_there_is_nothing_to_erase(world):
    """Who erased it stays who erased it."""
    one = await world.failed()
    await world.erasure.erase_session(ANNA, "s1")
    before = world.kept(one)
    with capture_logs() as lines:
        assert (await world.erasure.erase_session(Operator("ola"), "s1")).total == 0
    assert (world.kept(one), lines) == (before, [])


async def test_a_dry_run_counts_and_changes_nothing(world):
    """Nor is it logged as if it had."""
    await world.failed()
    before = dict(world.ledger.rows)
    with capture_logs() as lines:
        done = await world.erasure.erase_session(ANNA, "s1", dry_run=True)
    assert (done.total, world.ledger.rows, lines) == (1, before, [])


async def test_that_it_was_done_is_logged_without_whom_it_was_about(world):
    """How many of what, and who did it as a fingerprint: no id of the conversation, no name."""
    await world.failed("k1")
    await world.failed("k2")
    with capture_logs() as lines:
        await world.erasure.erase_session(ANNA, "s1")
    [line] = lines
    assert line == {
        "event": "failures_erased",
        "log_level": "info",
        "failures": 2,
        "by_queue": {"booking": 2},
        "by_fingerprint": fingerprint("anna"),
    }


async def test_nobody_erases_what_is_not_theirs(world):
    """The same conversation's id at another business, and what belongs to none, are left alone."""
    mine = await world.failed("k1")
    foreign = await world.failed("k2", tenant="clinic")
    nobodys = await world.failed("k3", tenant=None, session_id=None, group="s1", payload="not JSON")
    assert (await world.erasure.erase_session(OWNER, "s1")).total == 1
    assert world.kept(mine).state is FailureState.ERASED
    assert {world.kept(one).state for one in (foreign, nobodys)} == {FailureState.FAILED}
    assert (await world.erasure.erase_session(Operator("guest", frozenset()), "s1")).total == 0
    assert (await world.erasure.erase_session(ANNA, "s1")).total == 2


async def test_a_ledger_that_finds_too_much_loses_nothing(world):
    """Each is looked at once more before it goes."""
    foreign, find = await world.failed(tenant="clinic"), world.ledger.find

    async def careless(_wanted, **how):
        return await find(FailureFilter(), **how)

    world.ledger.find = careless
    assert (await world.erasure.erase_session(OWNER, "s1")).total == 0
    assert world.kept(foreign).state is FailureState.FAILED


async def test_an_id_that_is_part_of_another_is_not_that_one(world):
    """The search finds texts anywhere; only the whole id counts."""
    other = await world.failed(session="s12")
    assert (await world.erasure.erase_session(OWNER, "s1")).total == 0
    assert world.kept(other).state is FailureState.FAILED


async def test_the_group_of_a_notice_is_no_conversation(world):
    """It is the business: whoever names that erases nobody's notices."""
    notice = await world.failed(queue="notifications", session_id=None, group="salon", payload="not JSON")
    assert (await world.erasure.erase_session(ANNA, "salon")).total == 0
    assert world.kept(notice).state is FailureState.FAILED


@pytest.mark.parametrize("queue", ["notifications", "booking"])
async def test_what_another_release_wrote_is_the_conversations_if_it_says_so(world, queue):
    """A newer notice has the visitor's address in it and no conversation in the ledger, whatever its group is."""
    said = {"version": 9, "id": "n1", "session_id": "s1", "data": {"contact": SALT}}
    theirs = await world.failed(queue=queue, session_id=None, tenant=None, group="salon", payload=json.dumps(said))
    other = await world.failed(
        "k2", queue=queue, session_id=None, group="salon", payload=json.dumps({**said, "session_id": "s2"})
    )
    assert (await world.erasure.erase_session(ANNA, "s1")).total == 1
    assert (world.kept(theirs).state, world.kept(theirs).payload) == (FailureState.ERASED, "")
    assert world.kept(other).state is FailureState.FAILED


async def test_all_of_a_long_list_is_erased(world):
    """However many pages it takes."""
    for number in range(1_050):
        await world.failed(f"k{number}")
    assert (await world.erasure.erase_session(ANNA, "s1")).total == 1_050
    assert set(states(world).values()) == {FailureState.ERASED}


async def test_what_changes_meanwhile_is_erased_as_it_stands_then(world):
    """A letter came in between: its words go, too."""
    one, change = await world.failed(), world.ledger.change
    came = []

    async def late(failure):
        if not came:
            came.append(True)
            kept = world.kept(one)
            world.ledger.rows[one] = failed_booking(payload="new words", version=kept.version + 1)
        return await change(failure)

    world.ledger.change = late
    assert (await world.erasure.erase_session(ANNA, "s1")).total == 1
    assert (world.kept(one).state, world.kept(one).payload) == (FailureState.ERASED, "")


async def test_what_always_changes_is_told(world):
    """Nobody believes that it is gone."""
    await world.failed()

    async def never(_failure):
        return False

    world.ledger.change = never
    done = await world.erasure.erase_session(ANNA, "s1")
    assert (done.total, done.not_erased) == (0, 1)


async def test_what_is_gone_is_logged_when_the_rest_can_not_be_reached(world):
    """And the rest is found when it is done once more."""
    for key in ("k1", "k2"):
        await world.failed(key)
    change = world.ledger.change

    async def once(failure):
        if FailureState.ERASED in states(world).values():
            raise TransientError("failures.write: not reached")
        return await change(failure)

    world.ledger.change = once
    with capture_logs() as lines, pytest.raises(TransientError):
        await world.erasure.erase_session(ANNA, "s1")
    assert [line["failures"] for line in lines] == [1]
    world.ledger.change = change
    assert (await world.erasure.erase_session(ANNA, "s1")).total == 1


async def test_nothing_is_done_any_more_about_what_was_erased(world):
    """Not replayed, also not when asked for once more; not edited, not discarded; and it says nothing."""
    one = await world.failed()
    await world.erasure.erase_session(ANNA, "s1")
    no = NotPossible(NotPossibleReason.ERASED)
    assert await world.desk.replay(ANNA, one) == no
    assert await world.desk.replay(ANNA, one, again=True) == no
    assert await world.desk.edit(ANNA, one, {"contact": "jan@example.com"}) == no
    assert await world.desk.discard(ANNA, one, "gone") == no
    details = await world.desk.show(ANNA, one, unmasked=True)
    assert (details.lines, details.blocked, details.is_editable) == ([], no, False)
    assert world.replays.sent == []


async def test_its_forecast_is_that_it_was_erased(world):
    """Not that a key is missing."""
    one = await world.failed()
    await world.erasure.erase_session(ANNA, "s1")
    # Nobody is asked: there is nothing to ask about.
    forecaster = WorkerRulesForecaster(booking=None, clock=world.clock)
    assert await forecaster.forecast(world.kept(one)) == Forecast(ForecastKind.UNKNOWN, code="erased")
