"""What is left of a failure once somebody was forgotten: a row that says so, and keeps what comes late away."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ops.desk.domain.erasure import erase_failure
from ops.desk.erasure import SessionErasure
from shared.aws.items import from_item, to_item
from shared.aws.ledger.failures import DynamoFailureLedger
from shared.aws.ledger.payload_cipher import PayloadCipher
from shared.aws.ledger.payload_parts import make_part_id
from shared.ids import new_id
from shared.ledger.failures import AuditEntry, FailureFilter, FailureState
from shared.retention import FAILURE_RETENTION
from tests.contracts.stores.conftest import CIPHER
from tests.fakes.clock import NOON
from tests.fakes.desk import ANNA
from tests.fakes.ingress import FakeTokenStates
from tests.fakes.tenants import FakeTenants

SECOND = timedelta(seconds=1)
PERSONAL_DATA = "Jan Kowalski, jan@example.com, knee"


@pytest.fixture
def session():
    return f"session-{new_id()}"


@pytest.fixture
def failure(session, make_failure):
    return make_failure(
        group=session,
        session_id=session,
        payload=PERSONAL_DATA,
        reason="bug",
        error="ValueError: jan@example.com",
        attempts=3,
    )


@pytest.fixture
def stored(emulator):
    """Return a function that returns every item that a failure has in the table, its own first."""

    def read(failure):
        client = emulator.client("dynamodb")
        keys = [failure.failure_id, *(make_part_id(failure.failure_id, number) for number in range(1, 9))]
        answers = [client.get_item(TableName="FailuresTable", Key=to_item({"failure_id": key})) for key in keys]
        return [from_item(answer["Item"]) for answer in answers if "Item" in answer]

    return read


async def erase(ledger, failure):
    gone = erase_failure(failure, ANNA, NOON + SECOND)
    assert await ledger.change(gone)
    return gone


async def test_an_erased_failure_says_nothing_but_that(stores, failure, session, tenant):
    """What it was, when it failed, and who erased it; it is found as erased, and no more as the conversation's."""
    noted = replace(
        await stores.failures.record(failure),
        version=2,
        audit_trail=(AuditEntry(NOON, "ola", "unmasked", PERSONAL_DATA),),
    )
    assert await stores.failures.change(noted)
    gone = await erase(stores.failures, noted)
    kept = await stores.failures.get(failure.failure_id)
    assert kept == gone
    assert (kept.payload, kept.error, kept.group, kept.session_id, kept.command_id, kept.trace) == (
        ("", "") + (None,) * 4
    )
    assert kept.audit_trail == (AuditEntry(NOON, "ola", "unmasked"), AuditEntry(NOON + SECOND, "anna", "erased"))
    assert (await stores.failures.find(FailureFilter(text=session, tenants=[tenant]))).failures == []
    found = await stores.failures.find(FailureFilter(states=[FailureState.ERASED], tenants=[tenant]))
    assert found.failures == [gone]


@pytest.mark.parametrize("again", [{}, {"attempts": 9, "last_at": NOON + SECOND}, {"replays": 7, "last_at": NOON}])
async def test_a_late_dead_letter_restores_nothing(stores, failure, again):
    """It may have been on its way, or be that of a replay that was under way."""
    gone = await erase(stores.failures, await stores.failures.record(failure))
    assert await stores.failures.record(replace(failure, **again)) == gone
    assert await stores.failures.get(failure.failure_id) == gone


async def test_a_change_that_was_decided_before_is_not_written(stores, failure):
    """Somebody who edits at that moment writes nothing over it; nor does a worker's note."""
    kept = await stores.failures.record(failure)
    replaying = replace(kept, state=FailureState.REPLAYING, replays=1, version=2)
    assert await stores.failures.change(replaying)
    gone = await erase(stores.failures, replaying)
    assert not await stores.failures.change(replace(replaying, payload="edited", version=3))
    await stores.outcomes("booking").record_resolved(failure.command_id, replay=1, at=NOON)
    assert await stores.failures.get(failure.failure_id) == gone


async def test_the_use_case_erases_on_both(stores, clock, failure, session):
    """Found by its conversation, and what could not be read by its group."""
    unreadable = replace(
        failure, failure_id=new_id(), tenant=None, type=None, session_id=None, command_id=None, reason="not_json"
    )
    other = replace(failure, failure_id=new_id(), session_id="another", group="another")
    for one in (failure, unreadable, other):
        await stores.failures.record(one)
    tenants = FakeTenants({}, {"salon": {}})
    erasure = SessionErasure(
        ledger=stores.failures, usage=stores.spending, tenants=tenants, tokens=FakeTokenStates(), clock=clock
    )
    done = await erasure.erase_session(ANNA, session)
    assert (done.total, done.not_erased) == (2, 0)
    states = [(await stores.failures.get(one.failure_id)).state for one in (failure, unreadable, other)]
    assert states == [FailureState.ERASED, FailureState.ERASED, FailureState.FAILED]


@pytest.fixture
def ledger_with(dynamodb, clock):
    def make(cipher):
        return DynamoFailureLedger(client=dynamodb, table="FailuresTable", cipher=cipher, clock=clock)

    return make


@pytest.mark.parametrize("cipher", [CIPHER, PayloadCipher(["another" * 9])], ids=["its key", "another key"])
@pytest.mark.parametrize("size", [10, 1_200_000])
async def test_no_item_keeps_anything(ledger_with, stored, failure, size, cipher):
    """Neither the row nor a further part, also where whoever erases lacks the key; what is left ends in time."""
    failure = replace(failure, payload="".join(new_id() for _ in range(size // 32 + 1)))
    await ledger_with(CIPHER).record(failure)
    assert len(stored(failure)) == (1 if size == 10 else 3)
    theirs = ledger_with(cipher)
    await erase(theirs, await theirs.get(failure.failure_id))
    [row] = stored(failure)
    assert cipher.decrypt(bytes(row.pop("payload"))) == ""
    assert row.pop("expires_at") == int((NOON + FAILURE_RETENTION).timestamp())
    assert set(row) == {
        *("failure_id", "queue", "type", "tenant", "reason", "error", "attempts", "replays", "state", "version"),
        *("first_at", "last_at", "place", "story", "parts"),
    }
    text = str(row)
    for value in (failure.session_id, failure.command_id, failure.trace, failure.error):
        assert value not in text
