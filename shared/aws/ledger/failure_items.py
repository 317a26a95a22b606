"""Converts failures to items of the `failures` table, and back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog

from shared.aws.items import from_item, to_item
from shared.aws.ledger.audit_details import detail_to_attributes, parse_detail
from shared.aws.ledger.payload_cipher import PayloadCipher, UnreadablePayloadError
from shared.aws.ledger.payload_parts import make_part_id
from shared.instants import to_sortable_text
from shared.ledger.failures import AuditEntry, Failure, FailureState
from shared.ledger.rules import ENDED, limit_audit_trail, make_cursor
from shared.retention import FAILURE_RETENTION, compute_expiry

log = structlog.get_logger()

_PART_BYTES = 300_000
"""An item may have 400 KB, a message a megabyte: what is longer goes on in items of its own."""

_AS_THEY_ARE = (
    *("failure_id", "queue", "group", "reason", "error", "attempts", "type", "tenant", "session_id", "command_id"),
    *("trace", "replays", "version"),
)


def failure_to_items(
    failure: Failure, cipher: PayloadCipher, now: datetime, *, over: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Return the failure's item, and after it those with the rest of a payload that is too long for one.

    They replace the item `over`. If its payload could not be decrypted, it stays as it is stored there, in all of its
    parts: without the key nobody may overwrite it.
    """
    encrypted = cipher.encrypt(failure.payload)
    parts = [encrypted[start : start + _PART_BYTES] for start in range(0, len(encrypted), _PART_BYTES)]
    ends = _compute_expiry(failure, now, over)
    item = {
        **{name: getattr(failure, name) for name in _AS_THEY_ARE},
        "state": failure.state.value,
        "first_at": to_sortable_text(failure.first_at),
        "last_at": to_sortable_text(failure.last_at),
        "place": make_cursor(failure),
        "story": [audit_entry_to_map(entry) for entry in limit_audit_trail(failure.audit_trail)],
        "payload": parts[0],
        "parts": len(parts),
        "expires_at": ends,
    }
    if over is not None and not failure.payload and failure.state is not FailureState.ERASED:
        return [to_item(item) | {name: over[name] for name in ("payload", "parts")}]
    rest = [
        {"failure_id": make_part_id(failure.failure_id, number), "payload": part, "expires_at": ends}
        for number, part in enumerate(parts[1:], 1)
    ]
    return [to_item(each) for each in (item, *rest)]


def _compute_expiry(failure: Failure, now: datetime, over: dict[str, Any] | None) -> int | None:
    """Return when the items may go: what is written about a failure that has ended does not keep it for longer."""
    if failure.state not in ENDED:
        return None
    if over and "expires_at" in over and over["state"]["S"] == failure.state.value:
        return int(over["expires_at"]["N"])
    return compute_expiry(now, FAILURE_RETENTION)


def audit_entry_to_map(entry: AuditEntry) -> dict[str, Any]:
    """Return an audit entry as it is stored."""
    return {
        "at": to_sortable_text(entry.at),
        "by": entry.by,
        "what": entry.action,
        **detail_to_attributes(entry.detail),
    }


def parse_failure(item: dict[str, Any], rest: Sequence[bytes], cipher: PayloadCipher) -> Failure:
    """Return the failure of an item; `rest` is what of its payload is in other items.

    A payload that can't be decrypted is empty, which no message's is: one lost key must not hide the other failures.
    """
    row = from_item(item)
    try:
        payload = cipher.decrypt(b"".join((bytes(row["payload"]), *rest)))
    except UnreadablePayloadError:
        log.exception("failure_payload_unreadable", failure_id=row["failure_id"])
        payload = ""
    return Failure(
        payload=payload, audit_trail=tuple(_parse_entry(each) for each in row.get("story", ())), **_parse_facts(row)
    )


def parse_outline(item: dict[str, Any]) -> Failure:
    """Return what the indexes know of a failure: everything that a filter looks at, and no payload.

    All of it is text, and a search reads thousands: so it is read without the deserialiser.
    """
    known = {name: item[name]["S"] for name in ("failure_id", *OUTLINE) if name in item}
    last_at = datetime.fromisoformat(known.pop("last_at"))
    state = FailureState(known.pop("state"))
    return Failure(payload="", group=None, attempts=0, first_at=last_at, last_at=last_at, state=state, **known)


OUTLINE = ("queue", "state", "tenant", "type", "reason", "error", "session_id", "command_id", "trace", "last_at")
"""What the indexes have to carry."""


def _parse_facts(row: dict[str, Any]) -> dict[str, Any]:
    facts = {name: row[name] for name in _AS_THEY_ARE if name in row}
    return {
        "group": None,
        **facts,
        "state": FailureState(row["state"]),
        "first_at": datetime.fromisoformat(row["first_at"]),
        "last_at": datetime.fromisoformat(row["last_at"]),
    }


def _parse_entry(row: dict[str, Any]) -> AuditEntry:
    return AuditEntry(at=datetime.fromisoformat(row["at"]), by=row["by"], action=row["what"], detail=parse_detail(row))
