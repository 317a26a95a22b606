"""Whose turn it is: lines in the `limits` table, which all workers share, that move at an even pace."""

from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import error_code, translated
from shared.aws.items import from_item, to_item
from shared.errors import PermanentError, TransientError
from shared.instants import from_milliseconds, to_milliseconds
from shared.retention import SEND_RATE_RETENTION, expires_at

_BURST = timedelta(seconds=10)
"""So much of a line's pace may go at once, after it was idle."""

_TRIES = 5
_CONDITION_FAILED = "ConditionalCheckFailedException"


class DynamoTurns:
    """Each line is one row with the time at which it will have caught up (`caught_up_ms`): a leaky bucket.

    Who has to wait gets a place for good, in a row of its own (`turn_ms`), so nobody stands in line twice. Both rows
    stand in the table of quota units (docs/data.md): `quota` is `line#KEY` or `turn#NOTICE`, `seat` is 0.
    https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
    """

    def __init__(self, *, client: Any, table: str, per_minute: int, longest_wait: timedelta) -> None:
        self._client = client
        self._table = table
        self._step = timedelta(minutes=1) / per_minute
        self._longest_wait = longest_wait

    async def turn(self, line: str, key: str, *, now: datetime) -> datetime:
        """Return when the one with the key may go.

        Raises:
            PermanentError: `line_too_long`.
        """
        placed = await self._placed(key)
        if placed is not None:
            return placed
        turn = await self._next(line, now) - _BURST
        if turn <= now:
            return now
        return await self._place(key, turn)

    async def _placed(self, key: str) -> datetime | None:
        with translated("turns.get"):
            answer = await self._client.get_item(TableName=self._table, Key=_place_key(key), ConsistentRead=True)
        row = from_item(answer.get("Item", {}))
        return from_milliseconds(row["turn_ms"]) if row else None

    async def _next(self, line: str, now: datetime) -> datetime:
        """Return when the line will have caught up with all before us, and put us at its end."""
        step, start = _milliseconds_of(self._step), to_milliseconds(now)
        longest = start + _milliseconds_of(self._longest_wait + _BURST)
        for _ in range(_TRIES):
            # One that is behind grows; one that has caught up starts from now. Which one it is may change in between.
            before = await self._move(
                line,
                "SET caught_up_ms = caught_up_ms + :step, expires_at = :expires",
                "caught_up_ms BETWEEN :now AND :longest",
                {":step": step, ":now": start, ":longest": longest, ":expires": expires_at(now, SEND_RATE_RETENTION)},
            )
            if before is not None:
                return from_milliseconds(before)
            fresh = await self._move(
                line,
                "SET caught_up_ms = :next, expires_at = :expires",
                "attribute_not_exists(quota) OR caught_up_ms < :now",
                {":next": start + step, ":now": start, ":expires": expires_at(now, SEND_RATE_RETENTION)},
            )
            if fresh is not None:
                return now
            if await self._caught_up(line) > longest:
                raise PermanentError("line_too_long", "this business has more to send than it may within hours")
        raise TransientError("turns: the line moved time and again")

    async def _move(self, line: str, update: str, condition: str, values: dict[str, int]) -> int | None:
        """Return what the line's row said before; None if the condition does not hold, and nothing was written."""
        with translated("turns.move"):
            try:
                answer = await self._client.update_item(
                    TableName=self._table,
                    Key=_line_key(line),
                    UpdateExpression=update,
                    ConditionExpression=condition,
                    ExpressionAttributeValues=to_item(values),
                    ReturnValues="ALL_OLD",
                )
            except ClientError as error:
                if error_code(error) == _CONDITION_FAILED:
                    return None
                raise
        return int(from_item(answer.get("Attributes", {})).get("caught_up_ms", 0))

    async def _caught_up(self, line: str) -> int:
        with translated("turns.get"):
            answer = await self._client.get_item(TableName=self._table, Key=_line_key(line), ConsistentRead=True)
        return int(from_item(answer.get("Item", {})).get("caught_up_ms", 0))

    async def _place(self, key: str, turn: datetime) -> datetime:
        row = {
            "quota": f"turn#{key}",
            "seat": 0,
            "turn_ms": to_milliseconds(turn),
            "expires_at": expires_at(turn, SEND_RATE_RETENTION),
        }
        with translated("turns.place"):
            try:
                await self._client.put_item(
                    TableName=self._table, Item=to_item(row), ConditionExpression="attribute_not_exists(quota)"
                )
            except ClientError as error:
                if error_code(error) != _CONDITION_FAILED:
                    raise
                # Another worker had it meanwhile, or our own write went through before its answer got lost.
                return await self._placed(key) or turn
        return from_milliseconds(to_milliseconds(turn))


def _line_key(line: str) -> dict[str, Any]:
    return to_item({"quota": f"line#{line}", "seat": 0})


def _place_key(key: str) -> dict[str, Any]:
    return to_item({"quota": f"turn#{key}", "seat": 0})


def _milliseconds_of(length: timedelta) -> int:
    return round(length.total_seconds() * 1000)
