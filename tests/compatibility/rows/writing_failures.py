"""Writes a failure in each state."""

from dataclasses import replace
from typing import Any

from shared.ids import derive_failure_id
from shared.ledger.audit_details import EditedFields, ReplayNumber
from shared.ledger.failures import AuditEntry, Failure, FailureState
from tests.compatibility.rows.tables import CIPHER_KEYS, HOUR, TENANT, TRACE, Tables
from tests.fakes.clock import NOON


def failure(name: str, **changes: Any) -> Failure:
    """Return a failure as its dead letter says it."""
    made = Failure(
        failure_id=derive_failure_id("booking", f"kept-{name}"),
        queue="booking",
        group=f"kept-{name}",
        payload=f'{{"id":"kept-{name}","data":{{"contact":"jan@example.com","note":"ż"}}}}',
        reason="calendar_access_revoked",
        error="PermanentError: the key is refused",
        attempts=1,
        first_at=NOON,
        last_at=NOON,
        type="booking.create",
        tenant=TENANT,
        session_id=f"kept-{name}",
        command_id=f"kept-{name}",
        trace=TRACE,
    )
    return replace(made, **changes)


async def write_failures(tables: Tables) -> None:
    """Write a failure in each state, and one of which nothing is known."""
    ledger, later = tables.ledger(), NOON + HOUR

    async def change(kept: Failure, what: Any, state: FailureState | None = None, **changes: Any) -> Failure:
        entry = AuditEntry(at=later, by="anna@example.com", action=what, detail=changes.pop("detail", ""))
        trail = (*kept.audit_trail, entry)
        new = replace(kept, audit_trail=trail, state=state or kept.state, version=kept.version + 1, **changes)
        assert await ledger.change(new)
        return new

    async def replaying(name: str) -> Failure:
        kept = await ledger.record(failure(name))
        return await change(kept, "replayed", FailureState.REPLAYING, replays=1, detail=ReplayNumber(1))

    await ledger.record(failure("failed"))
    await tables.ledger(CIPHER_KEYS[0]).record(failure("older-key"))
    await replaying("replaying")
    await replaying("resolved")
    await tables.outcomes("booking").record_resolved("kept-resolved", replay=1, at=later)
    await replaying("refused")
    await tables.outcomes("booking").record_refused("kept-refused", replay=1, at=later, code="SLOT_TAKEN")
    await replaying("failed-again")
    await ledger.record(failure("failed-again", replays=1, last_at=later, first_at=later, reason="bug"))
    edited = await change(await ledger.record(failure("edited")), "unmasked")
    await change(edited, "edited", payload='{"id":"kept-edited","data":{}}', detail=EditedFields(("contact", "name")))
    await change(await ledger.record(failure("discarded")), "discarded", FailureState.DISCARDED, detail="by phone")
    erased = await ledger.record(failure("erased"))
    await change(erased, "erased", FailureState.ERASED, payload="", error="", trace=None)
    await ledger.record(failure("long"))
    await ledger.record(
        Failure(
            failure_id=derive_failure_id("chat", "kept message"),
            queue="chat",
            group=None,
            payload="\x00 no \ud800 JSON",
            reason="not_json",
            error="the body is not JSON",
            attempts=0,
            first_at=NOON,
            last_at=NOON,
        )
    )
