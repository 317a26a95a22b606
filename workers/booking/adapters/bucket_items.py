"""Builds and reads the rows of the `slots` table: one per bucket that an appointment owns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from shared.aws.items import to_item
from shared.instants import to_milliseconds
from shared.retention import BUCKET_RETENTION, DAY_GRID_RETENTION, compute_expiry
from workers.booking.domain.grid import list_bucket_starts
from workers.booking.domain.values import Appointment, AppointmentState, Interval, OccupiedTime

GRID = "#grid"
"""Sort key of the row with the size of a day's buckets."""


_Owner = tuple[str, str, bool]
"""Appointment and lane, and whether the appointment is a hold."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A piece of a lane's time; only one appointment can own it."""

    tenant: str
    resource: str
    start: datetime
    ends: datetime

    @property
    def key(self) -> dict[str, str]:
        """Return the row's key: tenant and UTC day, then the start and the resource.

        All lanes of a day are in one partition, so that one query reads them.
        """
        return {"pk": _build_partition_key(self.tenant, self.start.date()), "bucket": self.text}

    @property
    def text(self) -> str:
        """Return the sort key, which is unique within a tenant."""
        return f"{_format_instant(self.start)}#{self.resource}"


def list_utc_days(blocked: Interval) -> list[date]:
    """Return the UTC days that an interval touches."""
    last = (blocked.end - timedelta(microseconds=1)).date()
    return [blocked.start.date() + timedelta(days=n) for n in range((last - blocked.start.date()).days + 1)]


def list_buckets(appointment: Appointment, grids: Mapping[date, int]) -> list[Bucket]:
    """Return every bucket that the appointment blocks; `grids` has the size in minutes of each day's buckets."""
    all_buckets: list[Bucket] = []
    for day in list_utc_days(appointment.blocked):
        midnight = datetime.combine(day, time(), tzinfo=UTC)
        part = Interval(
            max(appointment.blocked.start, midnight), min(appointment.blocked.end, midnight + timedelta(days=1))
        )
        size = timedelta(minutes=grids[day])
        all_buckets += [
            Bucket(appointment.tenant, appointment.resource, start, start + size)
            for start in list_bucket_starts(part, grids[day])
        ]
    return all_buckets


def begins_at_midnight(items: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether a row of a day is for its first bucket."""
    return any("T00:00Z#" in item["bucket"]["S"] for item in items)


def ends_at_midnight(items: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether a row of a day is for its last bucket."""
    size = find_bucket_size(items)
    last_start = (datetime.combine(date.min, time(), tzinfo=UTC) + timedelta(days=1) - size).strftime("T%H:%MZ#")
    return bool(size) and any(last_start in item["bucket"]["S"] for item in items)


def join_occupied_times(days: Iterable[Sequence[Mapping[str, Any]]], at: datetime) -> list[OccupiedTime]:
    """Return the times that the rows of some days occupy at `at`, with the adjacent pieces of each appointment joined.

    A hold that has lost some of its buckets occupies only the others. The rows are DynamoDB's, with as few attributes
    as possible, because there may be thousands.
    """
    now = to_milliseconds(at)
    spans: dict[_Owner, list[Interval]] = {}
    for items in days:
        size = find_bucket_size(items)
        for owner, starts in _list_bucket_texts(items, now).items():
            spans.setdefault(owner, []).extend(_join_buckets(starts, size))
    return [
        OccupiedTime(interval, resource, owner, is_held)
        for (owner, resource, is_held), pieces in spans.items()
        for interval in _join_adjacent(pieces)
    ]


def _list_bucket_texts(items: Iterable[Mapping[str, Any]], now: int) -> dict[_Owner, list[str]]:
    """Return the starts of each appointment's buckets; their text sorts like their time."""
    starts_by_owner: dict[_Owner, list[str]] = {}
    for item in items:
        start, separator, resource = item["bucket"]["S"].partition("#")
        if not start or not separator or ("hold_until_ms" in item and int(item["hold_until_ms"]["N"]) <= now):
            continue
        owner = (item["appointment_id"]["S"], resource, "hold_until_ms" in item)
        starts_by_owner.setdefault(owner, []).append(start)
    return starts_by_owner


def _join_buckets(texts: Sequence[str], size: timedelta) -> list[Interval]:
    """Return the times of an appointment's buckets of one day; as a rule there is one, and only its ends are parsed."""
    first, last = datetime.fromisoformat(min(texts)), datetime.fromisoformat(max(texts))
    if last - first == size * (len(texts) - 1):
        return [Interval(first, last + size)]
    return [Interval(start, start + size) for start in map(datetime.fromisoformat, texts)]


def _join_adjacent(pieces: Sequence[Interval]) -> list[Interval]:
    joined: list[Interval] = []
    for piece in sorted(pieces, key=lambda one: one.start):
        if joined and piece.start <= joined[-1].end:
            joined[-1] = Interval(joined[-1].start, max(joined[-1].end, piece.end))
        else:
            joined.append(piece)
    return joined


def find_bucket_size(items: Iterable[Mapping[str, Any]]) -> timedelta:
    """Return the size of the day's buckets; zero for a day without rows."""
    grid = next((item["grid_minutes"]["N"] for item in items if "grid_minutes" in item), "0")
    return timedelta(minutes=int(grid))


class SlotRows:
    """Builds the transaction parts that take, keep and free buckets.

    A row has `pk`, `bucket`, `appointment_id`, and `hold_until_ms` while the appointment is a hold.
    """

    def __init__(self, table: str) -> None:
        self.table = table

    def build_take_part(
        self, bucket: Bucket, appointment: Appointment, at: datetime, replaces: Appointment | None = None
    ) -> dict[str, Any]:
        """Take a bucket that is free, expired at `at`, or already belongs to this or the replaced appointment."""
        held = appointment.state is AppointmentState.HELD and appointment.hold_expires_at
        return {
            "Put": {
                "TableName": self.table,
                "Item": to_item(
                    {
                        **bucket.key,
                        "appointment_id": appointment.appointment_id,
                        "hold_until_ms": to_milliseconds(held) if held else None,
                        "expires_at": compute_expiry(bucket.ends, BUCKET_RETENTION),
                    }
                ),
                "ConditionExpression": (
                    "attribute_not_exists(pk) OR hold_until_ms <= :at OR appointment_id IN (:appointment, :replaced)"
                ),
                "ExpressionAttributeValues": to_item(
                    {
                        ":at": to_milliseconds(at),
                        ":appointment": appointment.appointment_id,
                        ":replaced": (replaces or appointment).appointment_id,
                    }
                ),
            }
        }

    def build_transfer_part(self, bucket: Bucket, appointment: Appointment, owners: Iterable[str]) -> dict[str, Any]:
        """Take a bucket for a confirmed appointment: one that is free, a hold's, or one of these owners'."""
        names = {f":owner{position}": owner for position, owner in enumerate(owners)}
        part = self.build_take_part(bucket, appointment, appointment.start)
        part["Put"] |= {
            "ConditionExpression": (
                f"attribute_not_exists(pk) OR attribute_exists(hold_until_ms) OR appointment_id IN ({', '.join(names)})"
            ),
            "ExpressionAttributeValues": to_item(names),
        }
        return part

    def build_keep_part(self, bucket: Bucket, appointment: Appointment) -> dict[str, Any]:
        """Keep an owned bucket permanently."""
        return {
            "Update": {
                "TableName": self.table,
                "Key": to_item(bucket.key),
                "UpdateExpression": "REMOVE hold_until_ms",
                **_build_owner_condition(appointment),
            }
        }

    def build_free_part(self, bucket: Bucket, appointment: Appointment) -> dict[str, Any]:
        """Free a bucket if the appointment still owns it."""
        return {"Delete": {"TableName": self.table, "Key": to_item(bucket.key), **_build_owner_condition(appointment)}}

    def build_grid_key(self, tenant: str, day: date) -> dict[str, str]:
        """Return the key of a day's grid."""
        return {"pk": _build_partition_key(tenant, day), "bucket": GRID}

    def build_grid_put(self, tenant: str, day: date, minutes: int) -> dict[str, Any]:
        """Return the arguments that write a day's grid; it never changes afterwards."""
        return {
            "TableName": self.table,
            "Item": to_item(
                {
                    **self.build_grid_key(tenant, day),
                    "grid_minutes": minutes,
                    "expires_at": compute_expiry(datetime.combine(day, time(), tzinfo=UTC), DAY_GRID_RETENTION),
                }
            ),
            "ConditionExpression": "attribute_not_exists(pk)",
        }

    def build_day_query(self, tenant: str, day: date) -> dict[str, Any]:
        """Return the arguments of the query for one UTC day's rows."""
        return {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": to_item({":pk": _build_partition_key(tenant, day)}),
            "ProjectionExpression": "#bucket, appointment_id, hold_until_ms, grid_minutes",
            "ExpressionAttributeNames": {"#bucket": "bucket"},
        }


def _build_owner_condition(appointment: Appointment) -> dict[str, Any]:
    return {
        "ConditionExpression": "appointment_id = :appointment",
        "ExpressionAttributeValues": to_item({":appointment": appointment.appointment_id}),
    }


def _build_partition_key(tenant: str, day: date) -> str:
    return f"{tenant}#{day.isoformat()}"


def _format_instant(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")
