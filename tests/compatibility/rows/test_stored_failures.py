"""Failures that the previous release stored: every state, with encrypted payloads."""

from dataclasses import replace

import pytest

from shared.ids import derive_failure_id
from shared.ledger.audit_details import EditedFields, ReplayNumber
from shared.ledger.failures import AuditEntry, Failure, FailureFilter, FailureState
from tests.compatibility.rows.tables import CIPHER_KEYS, HOUR, TENANT
from tests.compatibility.rows.writing_failures import failure
from tests.fakes.clock import NOON

pytestmark = pytest.mark.usefixtures("stored")
ENTERED = AuditEntry(at=NOON, by="ledger", action="failed", detail="calendar_access_revoked")
REPLAYED = AuditEntry(at=NOON + HOUR, by="anna@example.com", action="replayed", detail=ReplayNumber(1))


def by_anna(what, detail=""):
    return AuditEntry(at=NOON + HOUR, by="anna@example.com", action=what, detail=detail)


def kept(name, *entries, version=1, **changes):
    """Return a failure with its audit trail."""
    return failure(name, audit_trail=(ENTERED, *entries), version=version, **changes)


EXPECTED = {
    "failed": kept("failed"),
    "older-key": kept("older-key"),
    "replaying": kept("replaying", REPLAYED, state=FailureState.REPLAYING, replays=1, version=2),
    "resolved": kept(
        "resolved",
        REPLAYED,
        AuditEntry(at=NOON + HOUR, by="booking", action="resolved"),
        state=FailureState.RESOLVED,
        replays=1,
        version=3,
    ),
    "refused": kept(
        "refused",
        REPLAYED,
        AuditEntry(at=NOON + HOUR, by="booking", action="refused", detail="SLOT_TAKEN"),
        state=FailureState.REFUSED,
        replays=1,
        version=3,
    ),
    "failed-again": kept(
        "failed-again",
        REPLAYED,
        AuditEntry(at=NOON + HOUR, by="ledger", action="failed_again", detail="bug"),
        state=FailureState.FAILED_AGAIN,
        reason="bug",
        last_at=NOON + HOUR,
        replays=1,
        version=3,
    ),
    "edited": kept(
        "edited",
        by_anna("unmasked"),
        by_anna("edited", EditedFields(("contact", "name"))),
        payload='{"id":"kept-edited","data":{}}',
        version=3,
    ),
    "discarded": kept("discarded", by_anna("discarded", "by phone"), state=FailureState.DISCARDED, version=2),
    "erased": kept("erased", by_anna("erased"), state=FailureState.ERASED, payload="", error="", trace=None, version=2),
    "long": kept("long"),
}


@pytest.mark.parametrize("name", EXPECTED)
async def test_a_failure_is_read_with_every_field(tables, name):
    """The audit trail, and a payload in one item or in several, encrypted with any available key."""
    assert await tables.ledger().get(failure(name).failure_id) == EXPECTED[name]


async def test_a_missing_key_hides_only_its_payloads(tables):
    """The newer key does not decrypt what the older one encrypted."""
    ledger = tables.ledger(CIPHER_KEYS[1])
    assert await ledger.get(failure("older-key").failure_id) == replace(EXPECTED["older-key"], payload="")
    assert await ledger.get(failure("failed").failure_id) == EXPECTED["failed"]


async def test_an_unreadable_message_is_stored_unchanged(tables):
    """With its control characters and surrogates."""
    found = await tables.ledger().get(derive_failure_id("chat", "kept message"))
    assert isinstance(found, Failure)
    assert (found.payload, found.reason, found.attempts) == ("\x00 no \ud800 JSON", "not_json", 0)
    assert (found.group, found.tenant, found.type) == (None, None, None)


async def test_failures_are_found_by_the_indexes(tables):
    """By state, tenant, reason, text and time; the latest first."""
    ledger = tables.ledger()

    async def found(**wanted):
        page = await ledger.find(FailureFilter(**wanted), limit=100)
        return [one.command_id for one in page.failures if one.tenant == TENANT]

    every = await found(tenants={TENANT})
    assert (every[0], sorted(every)) == ("kept-failed-again", sorted(f"kept-{name}" for name in EXPECTED))
    assert await found(states={FailureState.REFUSED}) == ["kept-refused"]
    assert await found(tenants={TENANT}, reason="bug") == ["kept-failed-again"]
    assert await found(tenants={TENANT}, text="kept-erased") == ["kept-erased"]
    assert await found(tenants={TENANT}, since=NOON + HOUR) == ["kept-failed-again"]


@pytest.mark.usefixtures("changing")
async def test_the_outcome_of_a_running_replay_is_recorded(tables):
    """The update finds the failure by the number of its replay."""
    await tables.outcomes("booking").record_resolved("kept-replaying", replay=1, at=NOON + HOUR)
    ended = await tables.ledger().get(failure("replaying").failure_id)
    assert ended.state is FailureState.RESOLVED


@pytest.mark.usefixtures("changing")
async def test_the_stored_version_guards_a_change(tables):
    """Operators on two releases do not overwrite each other."""
    before = EXPECTED["failed"]
    changed = replace(before, state=FailureState.DISCARDED, version=before.version + 1)
    assert await tables.ledger().change(changed)
    assert not await tables.ledger().change(changed)
    assert (await tables.ledger().get(before.failure_id)).state is FailureState.DISCARDED


@pytest.mark.usefixtures("changing")
async def test_a_repeated_dead_letter_changes_nothing(tables):
    """A dead letter of a later replay does."""
    assert await tables.ledger().record(failure("failed")) == EXPECTED["failed"]
    again = await tables.ledger().record(failure("resolved", replays=1, last_at=NOON + 2 * HOUR))
    assert again.state is FailureState.FAILED_AGAIN
