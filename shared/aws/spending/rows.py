"""The rows of the `usage` table that are about money: their keys, and how records and sums are stored.

Partition key `tenant`, sort key `day`. A sort key begins with a word, so that no range of days (`2026-11-25`)
contains one:

- `call#DAY#SESSION#COMMAND#ATTEMPT#NUMBER`: a usage record, from its reservation on
- `cap#session#SESSION`, `cap#month#MONTH`, `cap#address#DAY#KEY`: what counts for caps, `committed` in all, and in
  attributes such as `d2026-11-25` by day
- `salt#DAY`: the salt of the keys of network addresses
- `sum#DAY#MODEL`: the sums of a day's calls of one model
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

from shared.aws.items import from_item, to_item
from shared.instants import from_milliseconds, to_milliseconds
from shared.messages.server import Usage
from shared.retention import ADDRESS_SHARE_RETENTION, USAGE_RECORD_RETENTION, compute_expiry
from shared.spending.totals import DayTotals, Totals
from shared.spending.values import CallKey, CallResult, Cap, Purpose, Reservation, UsageRecord

CALL, SUM = "call", "sum"


def build_call_key(reservation: Reservation) -> dict[str, Any]:
    """Return the key of a usage record."""
    key = reservation.key
    parts = (CALL, reservation.day.isoformat(), reservation.session_id, key.command_key, key.attempt, key.number)
    return to_item({"tenant": reservation.tenant, "day": "#".join(map(str, parts))})


def build_sum_key(tenant: str, day: date, model_id: str) -> dict[str, Any]:
    """Return the key of the sums of a day and model."""
    return to_item({"tenant": tenant, "day": f"{SUM}#{day.isoformat()}#{model_id}"})


def build_salt_key(tenant: str, day: date) -> dict[str, Any]:
    """Return the key of a day's salt."""
    return to_item({"tenant": tenant, "day": f"salt#{day.isoformat()}"})


def build_session_key(tenant: str, session_id: str) -> dict[str, Any]:
    """Return the key of what a conversation has spent."""
    return to_item({"tenant": tenant, "day": f"cap#session#{session_id}"})


def build_month_key(tenant: str, day: date) -> dict[str, Any]:
    """Return the key of what a business has spent in a day's month."""
    return to_item({"tenant": tenant, "day": f"cap#month#{day:%Y-%m}"})


def build_address_row_key(tenant: str, day: date, address_key: str) -> dict[str, Any]:
    """Return the key of what a network address has spent on a day."""
    return to_item({"tenant": tenant, "day": f"cap#address#{day.isoformat()}#{address_key}"})


def name_day(day: date) -> str:
    """Return the attribute of a day's part in a row that has several days."""
    return f"d{day.isoformat()}"


def parse_days(item: dict[str, Any]) -> dict[date, int]:
    """Return the part of each day in a row that has several days."""
    days = {name[1:]: amount for name, amount in from_item(item).items() if name.startswith("d2")}
    return {date.fromisoformat(day): amount for day, amount in days.items()}


@dataclass(frozen=True, slots=True)
class Counter:
    """A row that counts a reservation."""

    key: dict[str, Any]
    attributes: Mapping[str, Cap]
    """Which cap each attribute is for."""
    expires_at: int


def list_counters(reservation: Reservation) -> list[Counter]:
    """Return the rows that count a reservation: of conversation, month, and address if it is known."""
    tenant, day = reservation.tenant, reservation.day
    part, expiry = name_day(day), compute_expiry(reservation.reserved_at, USAGE_RECORD_RETENTION)
    session, month = build_session_key(tenant, reservation.session_id), build_month_key(tenant, day)
    counters = [
        Counter(session, {"committed": Cap.SESSION, part: Cap.VISITOR}, expiry),
        Counter(month, {"committed": Cap.MONTH, part: Cap.DAY}, expiry),
    ]
    if reservation.address_key:
        key = build_address_row_key(tenant, day, reservation.address_key)
        expiry = compute_expiry(reservation.reserved_at, ADDRESS_SHARE_RETENTION)
        counters.append(Counter(key, {"committed": Cap.ADDRESS}, expiry))
    return counters


def record_to_item(reservation: Reservation, result: CallResult | None = None) -> dict[str, Any]:
    """Return the row of a record."""
    return build_call_key(reservation) | to_item(
        {
            "session_id": reservation.session_id,
            "command_key": reservation.key.command_key,
            "attempt": reservation.key.attempt,
            "number": reservation.key.number,
            "model_id": reservation.model_id,
            "local_day": reservation.day.isoformat(),
            "reserved": reservation.nano_dollars,
            "reserved_at_ms": to_milliseconds(reservation.reserved_at),
            "reserved_until_ms": to_milliseconds(reservation.expires_at),
            "address_key": reservation.address_key or None,
            "purpose": None if reservation.purpose is Purpose.ANSWER else reservation.purpose.value,
            "expires_at": compute_expiry(reservation.reserved_at, USAGE_RECORD_RETENTION),
            **(result_to_values(result) if result else {}),
        }
    )


def result_to_values(result: CallResult) -> dict[str, Any]:
    """Return the attributes with which a record is settled."""
    return {
        **result.usage.model_dump(),
        "nano_dollars": result.nano_dollars,
        "stop_reason": result.stop_reason,
        "milliseconds": result.milliseconds,
        "is_estimate": result.is_estimate,
    }


def parse_record(item: dict[str, Any]) -> UsageRecord:
    """Return a record."""
    row = from_item(item)
    reservation = Reservation(
        tenant=row["tenant"],
        session_id=row["session_id"],
        key=CallKey(row["command_key"], row["attempt"], row["number"]),
        model_id=row["model_id"],
        day=date.fromisoformat(row["local_day"]),
        nano_dollars=row["reserved"],
        reserved_at=from_milliseconds(row["reserved_at_ms"]),
        expires_at=from_milliseconds(row["reserved_until_ms"]),
        address_key=row.get("address_key", ""),
        purpose=Purpose(row.get("purpose", Purpose.ANSWER)),
    )
    if "nano_dollars" not in row:
        return UsageRecord(reservation, None)
    usage = Usage(**{name: row[name] for name in Usage.model_fields})
    result = CallResult(usage, row["nano_dollars"], row["stop_reason"], row["milliseconds"], row["is_estimate"])
    return UsageRecord(reservation, result)


def totals_to_values(totals: Totals) -> dict[str, int]:
    """Return the attributes of sums."""
    return asdict(totals)


def parse_day_totals(item: dict[str, Any]) -> DayTotals:
    """Return the sums of a day and model; a sum that an older row lacks is 0."""
    row = from_item(item)
    _, day, model_id = row["day"].split("#", 2)
    totals = Totals(**{field.name: row.get(field.name, 0) for field in fields(Totals)})
    return DayTotals(row["tenant"], date.fromisoformat(day), model_id, totals)
