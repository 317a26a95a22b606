"""Failures, details and counts as JSON, for other programs; the keys are stable."""

import json
from collections import Counter
from dataclasses import asdict, is_dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from ops.desk.domain.values import FailureDetails, Tally
from shared.ledger.failures import Failure


def to_json(value: object, *, indent: int | None = 2) -> str:
    """Return JSON; instants are in the format of RFC 3339."""
    return json.dumps(value, indent=indent, default=_to_plain_value)


def failure_to_row(failure: Failure) -> dict[str, Any]:
    """Return a failure without its payload and its audit trail."""
    row = asdict(failure)
    del row["payload"], row["audit_trail"]
    return row


def details_to_row(details: FailureDetails) -> dict[str, Any]:
    """Return everything that `stride failures show` prints."""
    return {
        **failure_to_row(details.failure),
        "story": [
            {"at": entry.at, "by": entry.by, "what": entry.action, "note": entry.note}
            for entry in details.failure.audit_trail
        ],
        "lines": [asdict(line) for line in details.lines],
        "data": details.data,
        "forecast": asdict(details.forecast),
        "is_editable": details.is_editable,
        "blocked": asdict(details.blocked) if details.blocked else None,
    }


def tally_to_row(tally: Tally) -> dict[str, Any]:
    """Return the outcomes of a bulk replay."""
    return {
        "replayed": tally.replayed,
        "not_possible": dict(tally.not_possible),
        "forecasts": dict(tally.forecasts),
    }


def _to_plain_value(value: object) -> Any:
    match value:
        case date():
            return value.isoformat()
        case StrEnum():
            return value.value
        case Counter():
            return dict(value)
        case frozenset() | set() | tuple():
            return list(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
