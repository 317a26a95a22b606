"""Limits how fast notices are sent: rows of the `limits` table, which all workers share."""

from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import get_error_code, translate_aws_errors
from shared.aws.items import from_item, to_item
from shared.errors import PermanentError, TransientError
from shared.instants import from_milliseconds, to_milliseconds
from shared.retention import SEND_RATE_RETENTION, compute_expiry
from workers.notifications.domain import SendRate

_BURST = timedelta(seconds=10)
"""After an idle time the notices of this many seconds may be sent at once."""

_SHARED_SLOT_LASTS = timedelta(minutes=15)
"""How long after a shared slot a notice that waited for it may come; then the slot was that of earlier notices."""

_ATTEMPTS = 5
_CONDITION_FAILED = "ConditionalCheckFailedException"


class DynamoSendRateLimiter:
    """A leaky bucket per rate-limit key: one row holds the time at which all reserved notices are sent.

    A notice that has to wait keeps its send slot in a row of its own, so it never waits twice. Notices that share a key
    share the row. Both rows are in the
    table of quota units (docs/data.md): `quota` is `line#KEY` (with `caught_up_ms`) or `turn#NOTICE` (with `turn_ms`),
    and `seat` is 0.
    https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
    """

    def __init__(
        self,
        *,
        client: Any,
        table: str,
        per_minute: float,
        max_wait: timedelta,
        burst: timedelta = _BURST,
        retention: timedelta = SEND_RATE_RETENTION,
    ) -> None:
        self._client = client
        self._table = table
        self._rate = SendRate(timedelta(minutes=1) / per_minute, burst)
        self._max_wait = max_wait
        self._retention = retention

    async def reserve(
        self,
        rate_limit_key: str,
        notice_key: str,
        *,
        now: datetime,
        is_first_time: bool = False,
        max_wait: timedelta | None = None,
        rate: SendRate | None = None,
        is_shared: bool = False,
    ) -> datetime:
        """Return when the notice may be sent.

        Raises:
            PermanentError: `line_too_long`.
        """
        reserved = None if is_first_time else await self._read_slot(notice_key)
        if reserved and not (is_shared and reserved <= now - _SHARED_SLOT_LASTS):
            return reserved
        rate = rate or self._rate
        own_max_wait = min(max_wait or self._max_wait, self._max_wait)
        shared_key = notice_key if is_shared else None
        slot = await self._advance_schedule(rate_limit_key, rate, now, own_max_wait, shared_key) - rate.burst
        if slot <= now:
            return now
        return await self._store_slot(notice_key, slot, ended_by=now if is_shared else None)

    async def _read_slot(self, notice_key: str) -> datetime | None:
        with translate_aws_errors("send_rate.read_slot"):
            answer = await self._client.get_item(
                TableName=self._table, Key=_build_slot_key(notice_key), ConsistentRead=True
            )
        row = from_item(answer.get("Item", {}))
        return from_milliseconds(row["turn_ms"]) if row else None

    async def _advance_schedule(
        self, rate_limit_key: str, rate: SendRate, now: datetime, max_wait: timedelta, shared_key: str | None
    ) -> datetime:
        """Return when all notices before this one are sent, and advance that time by one interval.

        Nothing is advanced for a notice that would have to wait, and shares a slot that another one waits for.
        """
        step, start = _duration_to_milliseconds(rate.interval), to_milliseconds(now)
        burst = _duration_to_milliseconds(rate.burst)
        limit = start + _duration_to_milliseconds(max_wait) + burst
        expires = compute_expiry(now, self._retention)
        for _ in range(_ATTEMPTS):
            # An idle key starts from now, which one write does for most notices; a busy one advances by one interval.
            # It may change between the two writes.
            is_written, caught_up = await self._update_row(
                rate_limit_key,
                "SET caught_up_ms = :next, expires_at = :expires",
                "attribute_not_exists(quota) OR caught_up_ms < :now",
                {":next": start + step, ":now": start, ":expires": expires},
            )
            if is_written:
                return now
            if shared_key and caught_up - burst > start:
                shared_slot = await self._read_slot(shared_key)
                if shared_slot and shared_slot > now:
                    return shared_slot + rate.burst
            if caught_up > limit:
                raise PermanentError("line_too_long", "this business sends more notices than its rate limit allows")
            is_written, caught_up = await self._update_row(
                rate_limit_key,
                "SET caught_up_ms = caught_up_ms + :step, expires_at = :expires",
                "caught_up_ms BETWEEN :now AND :longest",
                {":step": step, ":now": start, ":longest": limit, ":expires": expires},
            )
            if is_written:
                return from_milliseconds(caught_up)
        raise TransientError("send_rate: the row changed at every attempt")

    async def _update_row(
        self, rate_limit_key: str, update: str, condition: str, values: dict[str, int]
    ) -> tuple[bool, int]:
        """Return whether the row was updated, and its `caught_up_ms` before that; 0 if there was no row."""
        with translate_aws_errors("send_rate.update"):
            try:
                answer = await self._client.update_item(
                    TableName=self._table,
                    Key=_build_rate_key(rate_limit_key),
                    UpdateExpression=update,
                    ConditionExpression=condition,
                    ExpressionAttributeValues=to_item(values),
                    ReturnValues="ALL_OLD",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
                is_written, row = True, answer.get("Attributes", {})
            except ClientError as error:
                if get_error_code(error) != _CONDITION_FAILED:
                    raise
                is_written, row = False, error.response.get("Item", {})
        return is_written, int(from_item(row).get("caught_up_ms", 0))

    async def _store_slot(self, notice_key: str, slot: datetime, *, ended_by: datetime | None) -> datetime:
        """Store the slot, and return it, or the one that is stored already unless that had ended by an instant."""
        row = {
            "quota": f"turn#{notice_key}",
            "seat": 0,
            "turn_ms": to_milliseconds(slot),
            "expires_at": compute_expiry(slot, self._retention),
        }
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(quota)"}
        if ended_by is not None:
            condition["ConditionExpression"] += " OR turn_ms <= :ended"
            condition["ExpressionAttributeValues"] = to_item({":ended": to_milliseconds(ended_by)})
        with translate_aws_errors("send_rate.store_slot"):
            try:
                await self._client.put_item(TableName=self._table, Item=to_item(row), **condition)
            except ClientError as error:
                if get_error_code(error) != _CONDITION_FAILED:
                    raise
                # Another worker stored a slot meanwhile, or our own write succeeded and its response was lost.
                return await self._read_slot(notice_key) or slot
        return from_milliseconds(to_milliseconds(slot))


def _build_rate_key(rate_limit_key: str) -> dict[str, Any]:
    return to_item({"quota": f"line#{rate_limit_key}", "seat": 0})


def _build_slot_key(notice_key: str) -> dict[str, Any]:
    return to_item({"quota": f"turn#{notice_key}", "seat": 0})


def _duration_to_milliseconds(duration: timedelta) -> int:
    return round(duration.total_seconds() * 1000)
