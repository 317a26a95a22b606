"""Failures, cases and counts as JSON, for other programs."""

import json
from collections import Counter
from dataclasses import asdict, is_dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from ops.desk.domain.values import Case, Tally
from shared.ledger.failures import Failure


def as_json(value: object, *, indent: int | None = 2) -> str:
    """Return JSON; instants as RFC 3339 writes them."""
    return json.dumps(value, indent=indent, default=_plain)


def failure_row(failure: Failure) -> dict[str, Any]:
    """Return a failure without its payload and its story."""
    row = asdict(failure)
    del row["payload"], row["audit_trail"]
    return row


def case_row(case: Case) -> dict[str, Any]:
    """Return everything that `show` shows."""
    return {
        **failure_row(case.failure),
        "story": [
            {"at": entry.at, "by": entry.by, "what": entry.action, "note": entry.note}
            for entry in case.failure.audit_trail
        ],
        "lines": [asdict(line) for line in case.lines],
        "data": case.data,
        "forecast": asdict(case.forecast),
        "is_editable": case.is_editable,
        "blocked": asdict(case.blocked) if case.blocked else None,
    }


def tally_row(tally: Tally) -> dict[str, Any]:
    """Return what became of many."""
    return {
        "replayed": tally.replayed,
        "not_possible": dict(tally.not_possible),
        "forecasts": dict(tally.forecasts),
    }


def _plain(value: object) -> Any:
    match value:
        case datetime():
            return value.isoformat()
        case StrEnum():
            return value.value
        case Counter():
            return dict(value)
        case frozenset() | set() | tuple():
            return list(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"no JSON for {type(value).__name__}")
