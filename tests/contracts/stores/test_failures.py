"""The ledger of failures: taken once, and changed by one person at a time."""

import asyncio
from dataclasses import replace

from shared.ids import new_id
from shared.ledger.failures import AuditEntry, FailureFilter, FailureState
from shared.ledger.rules import MAX_AUDIT_ENTRIES
from tests.contracts.stores.dead_letters import SECOND, make_unreadable_failure, record_change, record_replay
from tests.fakes.clock import NOON


async def test_a_recorded_failure_is_stored_with_its_audit_trail(stores, make_failure):
    """Everything in the dead letter is stored, and its entry is the first of the audit trail."""
    failure = make_failure()
    kept = await stores.failures.record(failure)
    assert kept == await stores.failures.get(failure.failure_id)
    assert replace(kept, audit_trail=()) == failure
    assert kept.audit_trail == (AuditEntry(at=NOON, by="ledger", action="failed", detail="calendar_access_revoked"),)
    assert await stores.failures.get(new_id()) is None


async def test_what_cannot_be_read_is_kept_as_it_came(stores):
    """A hostile body without tenant, type or group is a failure like any other."""
    failure = make_unreadable_failure()
    await stores.failures.record(failure)
    kept = await stores.failures.get(failure.failure_id)
    assert (kept.payload, kept.group, kept.tenant, kept.type) == (failure.payload, None, None, None)
    found = await stores.failures.find(FailureFilter(queue="chat", text=failure.failure_id))
    assert [one.payload for one in found.failures] == [failure.payload]


async def test_a_message_of_any_size_is_kept(stores, make_failure):
    """SQS takes a megabyte, and text that does not get smaller: all of it is kept, and goes along with a change."""
    digits = "".join(new_id() for _ in range(30_000))
    failure = make_failure(payload="".join(chr(0x20 + int(digits[n : n + 4], 16) % 0x4000) for n in range(400_000)))
    assert len(failure.payload.encode()) > 1024 * 1024
    kept = await stores.failures.record(failure)
    await record_change(stores.failures, kept, state=FailureState.DISCARDED)
    again = await stores.failures.get(failure.failure_id)
    assert (again.payload, again.state) == (failure.payload, FailureState.DISCARDED)
    found = await stores.failures.find(FailureFilter(tenants=[failure.tenant]))
    assert [one.payload for one in found.failures] == [failure.payload]


async def test_the_same_dead_letter_twice_changes_nothing(stores, make_failure):
    """SQS delivers at least once; the second time says nothing new."""
    failure = make_failure()
    first = await stores.failures.record(failure)
    assert await stores.failures.record(failure) == first
    await record_replay(stores.failures, first)
    assert (await stores.failures.record(failure)).state is FailureState.REPLAYING


async def test_twenty_workers_record_one_dead_letter(stores, make_failure):
    """Whoever comes first enters it; the others find it."""
    failure = make_failure()
    recorded = await asyncio.gather(*(stores.failures.record(failure) for _ in range(20)))
    assert set(recorded) == {recorded[0]}
    assert recorded[0].version == 1


async def test_of_concurrent_dead_letters_the_latest_counts(stores, make_failure):
    """Copies that were made one after the other are taken side by side: none is undone by an older one."""
    failure = make_failure()
    dead_letters = [replace(failure, attempts=n, last_at=NOON + n * SECOND) for n in (3, 1, 4, 2, 6, 5)]
    await asyncio.gather(*(stores.failures.record(dead_letter) for dead_letter in dead_letters))
    kept = await stores.failures.get(failure.failure_id)
    assert (kept.attempts, kept.last_at) == (6, NOON + 6 * SECOND)
    assert len(kept.audit_trail) == kept.version


async def test_a_replay_that_failed_says_so(stores, make_failure):
    """The failure has failed again: it has the latest reason, and the audit trail has both."""
    failure = make_failure()
    await record_replay(stores.failures, await stores.failures.record(failure))
    dead_letter = replace(
        failure, replays=1, last_at=NOON + SECOND, first_at=NOON + SECOND, reason="timeout", error="slow"
    )
    kept = await stores.failures.record(dead_letter)
    assert kept == await stores.failures.get(failure.failure_id)
    assert (kept.state, kept.reason, kept.error, kept.replays) == (FailureState.FAILED_AGAIN, "timeout", "slow", 1)
    assert (kept.first_at, kept.last_at, kept.version) == (NOON, NOON + SECOND, 3)
    assert [entry.action for entry in kept.audit_trail] == ["failed", "failed_again"]
    assert await stores.failures.record(dead_letter) == kept


async def test_an_edited_payload_survives_the_failure_of_its_replay(stores, make_failure):
    """What somebody repaired is not undone by what came back of it."""
    kept = await stores.failures.record(make_failure())
    edited = await record_change(stores.failures, kept, payload="edited", state=FailureState.REPLAYING, replays=1)
    again = await stores.failures.record(replace(kept, replays=1, last_at=NOON + SECOND))
    assert again.payload == edited.payload == "edited"
    unknown = await stores.failures.record(replace(kept, replays=2, last_at=NOON + 2 * SECOND, payload="by hand"))
    assert (unknown.payload, unknown.replays, unknown.state) == ("by hand", 2, FailureState.FAILED_AGAIN)


async def test_an_audit_trail_stays_short(stores, make_failure):
    """Of a long audit trail the first and the latest entries are kept."""
    failure = make_failure()
    kept = await stores.failures.record(failure)
    entries = tuple(AuditEntry(at=NOON, by="anna", action="edited", detail=str(n)) for n in range(200))
    kept = await record_change(stores.failures, kept, audit_trail=(*kept.audit_trail, *entries))
    kept = await stores.failures.record(replace(failure, replays=1, last_at=NOON + SECOND))
    again = await stores.failures.get(failure.failure_id)
    assert again == kept
    assert len(again.audit_trail) == MAX_AUDIT_ENTRIES
    assert [again.audit_trail[0].action, again.audit_trail[-2].note, again.audit_trail[-1].action] == [
        "failed",
        "199",
        "failed_again",
    ]


async def test_an_unreadable_payload_is_never_overwritten(stores, make_failure):
    """A change to the rest leaves it as it is stored."""
    kept = await stores.failures.record(make_failure())
    await record_change(stores.failures, replace(kept, payload=""), state=FailureState.DISCARDED)
    again = await stores.failures.get(kept.failure_id)
    assert (again.state, again.payload) == (FailureState.DISCARDED, kept.payload)


async def test_two_people_do_not_undo_each_other(stores, make_failure):
    """A change is made to the version that was read, or not at all."""
    kept = await stores.failures.record(make_failure())
    mine, yours = (replace(kept, payload=text, version=2) for text in ("mine", "yours"))
    assert await stores.failures.change(mine)
    assert not await stores.failures.change(yours)
    assert not await stores.failures.change(make_failure(version=2))
    assert (await stores.failures.get(kept.failure_id)).payload == "mine"
