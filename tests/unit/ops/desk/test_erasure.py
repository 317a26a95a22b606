"""A visitor asks to be forgotten: the failures of their conversation are erased, and no others."""

import json
from dataclasses import fields

import pytest
from structlog.testing import capture_logs

from ops.desk.adapters.worker_rules import WorkerRulesForecaster
from ops.desk.domain.erasure import erase_failure
from ops.desk.domain.values import ErasureCounts, Forecast, ForecastKind, NotPossible, NotPossibleReason, Operator
from shared.errors import TransientError
from shared.ids import compute_fingerprint
from shared.ledger.failures import AuditEntry, FailureFilter, FailureState
from tests.fakes.clock import NOON
from tests.fakes.desk import ANNA, failed_booking
from tests.unit.ops.cli.test_usage import spend

OWNER = Operator("owner", frozenset({"salon"}))
PERSONAL_DATA = "jan@example.com"


def states(world):
    return {one.command_id or one.failure_id: one.state for one in world.ledger.rows.values()}


async def test_unlisted_fields_are_erased():
    """A field that is added later is erased by default."""
    failure = failed_booking(error=PERSONAL_DATA, trace="1-5759e988-bd862e3fe1be46a994272793", replays=2, version=4)
    erased = erase_failure(failure, ANNA, NOON)
    kept = {"failure_id", "queue", "reason", "attempts", "first_at", "last_at", "type", "tenant", "replays"}
    for field in fields(failure):
        if field.name in kept:
            assert getattr(erased, field.name) == getattr(failure, field.name)
        elif field.name not in {"state", "audit_trail", "version"}:
            assert getattr(erased, field.name) in ("", None), field.name


async def test_failures_in_every_state_are_erased(world):
    """Open, replaying and discarded failures are erased; those of other conversations stay."""
    failed, replaying, discarded = [await world.failed(key, session="s1") for key in ("k1", "k2", "k3")]
    other = await world.failed("k4", session="s2")
    await world.desk.replay_failure(ANNA, replaying)
    await world.desk.discard_failure(ANNA, discarded, f"{PERSONAL_DATA} called")
    done = await world.erasure.erase_session(ANNA, "s1")
    assert done == ErasureCounts(by_queue={"booking": 3}, by_state={"failed": 1, "replaying": 1, "discarded": 1})
    for one in (failed, replaying, discarded):
        assert world.kept(one).state is FailureState.ERASED
        assert PERSONAL_DATA not in str(world.kept(one)) + world.kept(one).payload
        assert world.kept(one).audit_trail[-1] == AuditEntry(world.clock.now(), "anna", "erased")
    assert world.kept(other).state is FailureState.FAILED
    assert PERSONAL_DATA in world.kept(other).payload


async def test_a_second_erasure_finds_nothing(world):
    """The audit trail keeps the first operator."""
    one = await world.failed()
    await world.erasure.erase_session(ANNA, "s1")
    before = world.kept(one)
    with capture_logs() as lines:
        assert (await world.erasure.erase_session(Operator("ola"), "s1")).total == 0
    assert (world.kept(one), lines) == (before, [])


async def test_a_dry_run_counts_and_changes_nothing(world):
    """It is not logged either."""
    await world.failed()
    before = dict(world.ledger.rows)
    with capture_logs() as lines:
        done = await world.erasure.erase_session(ANNA, "s1", dry_run=True)
    assert (done.total, world.ledger.rows, lines) == (1, before, [])


async def test_an_erasure_is_logged_without_personal_data(world):
    """The log has counts and the fingerprint of the operator, but no session id and no name."""
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
        "by_fingerprint": compute_fingerprint("anna"),
    }


async def test_only_failures_of_the_operators_tenants_are_erased(world):
    """Failures of another tenant with the same session id, and those without a tenant, stay."""
    mine = await world.failed("k1")
    foreign = await world.failed("k2", tenant="clinic")
    nobodys = await world.failed("k3", tenant=None, session_id=None, group="s1", payload="not JSON")
    assert (await world.erasure.erase_session(OWNER, "s1")).total == 1
    assert world.kept(mine).state is FailureState.ERASED
    assert {world.kept(one).state for one in (foreign, nobodys)} == {FailureState.FAILED}
    assert (await world.erasure.erase_session(Operator("guest", frozenset()), "s1")).total == 0
    assert (await world.erasure.erase_session(ANNA, "s1")).total == 2


async def test_only_usage_records_of_the_operators_tenants_lose_the_conversation(world):
    """Those of another business stay as they are; an operator of all businesses reaches each that is known."""
    for tenant in ("salon", "clinic"):
        await spend(world.spending, tenant=tenant, session="s1")
    await world.failed("k1", tenant="clinic")
    assert (await world.erasure.erase_session(Operator("guest", frozenset()), "s1")).usage_records == 0
    assert (await world.erasure.erase_session(OWNER, "s1")).usage_records == 1
    left = [
        record.reservation.tenant for record in world.spending.records.values() if record.reservation.session_id == "s1"
    ]
    assert left == ["clinic"]
    assert (await world.erasure.erase_session(ANNA, "s1")).usage_records == 1, "its failure names the business"


async def test_each_failure_is_checked_before_it_is_erased(world):
    """A search that returns too much erases nothing else."""
    foreign, find = await world.failed(tenant="clinic"), world.ledger.find

    async def find_everything(_failure_filter, **options):
        return await find(FailureFilter(), **options)

    world.ledger.find = find_everything
    assert (await world.erasure.erase_session(OWNER, "s1")).total == 0
    assert world.kept(foreign).state is FailureState.FAILED


async def test_a_part_of_a_session_id_does_not_match(world):
    """The search finds parts of texts, but only the whole id counts."""
    other = await world.failed(session="s12")
    assert (await world.erasure.erase_session(OWNER, "s1")).total == 0
    assert world.kept(other).state is FailureState.FAILED


async def test_the_group_of_a_notice_is_not_a_session(world):
    """It is the tenant, so its name as a session id erases no notices."""
    notice = await world.failed(queue="notifications", session_id=None, group="salon", payload="not JSON")
    assert (await world.erasure.erase_session(ANNA, "salon")).total == 0
    assert world.kept(notice).state is FailureState.FAILED


@pytest.mark.parametrize("queue", ["notifications", "booking"])
async def test_a_message_of_another_release_is_erased_by_its_session(world, queue):
    """A newer notice contains the visitor's address, and the ledger has no session for it."""
    message = {"version": 9, "id": "n1", "session_id": "s1", "data": {"contact": PERSONAL_DATA}}
    theirs = await world.failed(queue=queue, session_id=None, tenant=None, group="salon", payload=json.dumps(message))
    other = await world.failed(
        "k2", queue=queue, session_id=None, group="salon", payload=json.dumps({**message, "session_id": "s2"})
    )
    assert (await world.erasure.erase_session(ANNA, "s1")).total == 1
    assert (world.kept(theirs).state, world.kept(theirs).payload) == (FailureState.ERASED, "")
    assert world.kept(other).state is FailureState.FAILED


async def test_all_pages_are_erased(world):
    """There may be more failures than one page has."""
    for number in range(1_050):
        await world.failed(f"k{number}")
    assert (await world.erasure.erase_session(ANNA, "s1")).total == 1_050
    assert set(states(world).values()) == {FailureState.ERASED}


async def test_a_concurrent_change_is_erased_too(world):
    """A dead letter arrives in between: its payload is erased, too."""
    one, change = await world.failed(), world.ledger.change
    changes = []

    async def change_after_a_dead_letter(failure):
        if not changes:
            changes.append(True)
            kept = world.kept(one)
            world.ledger.rows[one] = failed_booking(payload="new words", version=kept.version + 1)
        return await change(failure)

    world.ledger.change = change_after_a_dead_letter
    assert (await world.erasure.erase_session(ANNA, "s1")).total == 1
    assert (world.kept(one).state, world.kept(one).payload) == (FailureState.ERASED, "")


async def test_a_failure_that_keeps_changing_is_counted(world):
    """The result says that it was not erased."""
    await world.failed()

    async def never(_failure):
        return False

    world.ledger.change = never
    done = await world.erasure.erase_session(ANNA, "s1")
    assert (done.total, done.not_erased) == (0, 1)


async def test_a_partial_erasure_is_logged(world):
    """A repetition erases the rest."""
    for key in ("k1", "k2"):
        await world.failed(key)
    change = world.ledger.change

    async def change_once(failure):
        if FailureState.ERASED in states(world).values():
            raise TransientError("failures.write: not reached")
        return await change(failure)

    world.ledger.change = change_once
    with capture_logs() as lines, pytest.raises(TransientError):
        await world.erasure.erase_session(ANNA, "s1")
    assert [line["failures"] for line in lines] == [1]
    world.ledger.change = change
    assert (await world.erasure.erase_session(ANNA, "s1")).total == 1


async def test_an_erased_failure_allows_no_action(world):
    """It is not replayed, edited or discarded, and has no content."""
    one = await world.failed()
    await world.erasure.erase_session(ANNA, "s1")
    rejection = NotPossible(NotPossibleReason.ERASED)
    assert await world.desk.replay_failure(ANNA, one) == rejection
    assert await world.desk.replay_failure(ANNA, one, again=True) == rejection
    assert await world.desk.edit_failure(ANNA, one, {"contact": "jan@example.com"}) == rejection
    assert await world.desk.discard_failure(ANNA, one, "gone") == rejection
    details = await world.desk.show_failure(ANNA, one, unmasked=True)
    assert (details.lines, details.blocked, details.is_editable) == ([], rejection, False)
    assert world.replays.sent == []


async def test_the_forecast_says_that_it_was_erased(world):
    """It does not say that a key is missing."""
    one = await world.failed()
    await world.erasure.erase_session(ANNA, "s1")
    # Booking is not called: there is no command.
    forecaster = WorkerRulesForecaster(booking=None, clock=world.clock)
    assert await forecaster.forecast_replay(world.kept(one)) == Forecast(ForecastKind.UNKNOWN, code="erased")


async def test_the_conversation_can_not_be_resumed(world):
    """Not on a dry run, and not one of which an owner's businesses have nothing."""
    await world.failed("k1", session="s1")
    await world.erasure.erase_session(ANNA, "s1", dry_run=True)
    await world.erasure.erase_session(OWNER, "of another business")
    assert world.tokens.rows == {}
    await world.erasure.erase_session(ANNA, "s1")
    assert world.tokens.read("s1").is_revoked
