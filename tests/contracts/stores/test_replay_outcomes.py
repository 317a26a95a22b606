"""How replays end: noted once, of the latest one, and a no apart from what was done."""

from shared.ledger.failures import AuditEntry, FailureFilter, FailureState
from tests.contracts.stores.dead_letters import SECOND, record_change, record_replay
from tests.fakes.clock import NOON


async def test_a_replay_that_went_well_is_noted_once(stores, make_failure):
    """The end of the latest replay resolves the failure and is in the audit trail, once."""
    failure = make_failure()
    await record_replay(stores.failures, await stores.failures.record(failure), 2)
    outcome = {"at": NOON + SECOND}
    for replay, queue in ((1, "booking"), (3, "booking"), (2, "chat")):
        await stores.outcomes(queue).record_resolved(failure.command_id, replay=replay, **outcome)
        assert (await stores.failures.get(failure.failure_id)).state is FailureState.REPLAYING
    for _ in range(2):
        await stores.outcomes("booking").record_resolved(failure.command_id, replay=2, **outcome)
    kept = await stores.failures.get(failure.failure_id)
    assert (kept.state, kept.version) == (FailureState.RESOLVED, 3)
    assert kept.audit_trail[1:] == (AuditEntry(at=NOON + SECOND, by="booking", action="resolved"),)


async def test_a_refused_replay_has_its_own_state(stores, tenant, make_failure):
    """It is found by its state, says which no it was, and counts as ended."""
    failure = make_failure()
    await record_replay(stores.failures, await stores.failures.record(failure), 2)
    outcome = {"at": NOON + SECOND, "code": "SLOT_TAKEN"}
    await stores.outcomes("booking").record_refused(failure.command_id, replay=1, **outcome)
    assert (await stores.failures.get(failure.failure_id)).state is FailureState.REPLAYING
    for _ in range(2):
        await stores.outcomes("booking").record_refused(failure.command_id, replay=2, **outcome)
    page = await stores.failures.find(FailureFilter(tenants=[tenant], states={FailureState.REFUSED}))
    [kept] = page.failures
    assert (kept.failure_id, kept.version) == (failure.failure_id, 3)
    assert kept.audit_trail[1:] == (AuditEntry(at=NOON + SECOND, by="booking", action="refused", detail="SLOT_TAKEN"),)
    await stores.outcomes("booking").record_resolved(failure.command_id, replay=2, at=NOON)
    assert (await stores.failures.get(failure.failure_id)).state is FailureState.REFUSED


async def test_only_what_is_being_replayed_is_resolved(stores, make_failure):
    """Neither an unknown failure nor one that was discarded meanwhile."""
    failure = make_failure()
    outcome = {"replay": 1, "at": NOON}
    await stores.outcomes("booking").record_resolved(failure.command_id, **outcome)
    assert await stores.failures.get(failure.failure_id) is None
    kept = await record_replay(stores.failures, await stores.failures.record(failure))
    await record_change(stores.failures, kept, state=FailureState.DISCARDED)
    await stores.outcomes("booking").record_resolved(failure.command_id, **outcome)
    assert (await stores.failures.get(failure.failure_id)).state is FailureState.DISCARDED
