"""Reads the occupied times of days from their buckets."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from shared.aws.errors import translate_aws_errors
from workers.booking.adapters.bucket_items import (
    SlotRows,
    begins_at_midnight,
    ends_at_midnight,
    join_occupied_times,
    list_utc_days,
)
from workers.booking.adapters.day_grids import DayGrids
from workers.booking.domain.values import Interval, OccupiedTime

_PARALLEL_DAYS = 16
_DAY = timedelta(days=1)


class OccupiedDays:
    """Queries one partition of the `slots` table for each UTC day; the grids learn from what it reads."""

    def __init__(self, client: Any, slots: SlotRows, grids: DayGrids) -> None:
        self._client = client
        self._slots = slots
        self._grids = grids

    async def find_occupied_times(
        self, tenant: str, between: Interval, *, at: datetime, may_lag: bool
    ) -> Sequence[OccupiedTime]:
        """Return the times of all buckets that are owned at `at`."""
        # A bucket is in the partition of its own UTC day, even if its visit began the day before.
        days = list_utc_days(between)
        rows = await self._read_days(tenant, days, may_lag=may_lag)
        # No visit is longer than a day. Only one that reaches midnight can have buckets of the day beyond it.
        around = [days[0] - _DAY] if begins_at_midnight(rows[0]) else []
        around += [days[-1] + _DAY] if ends_at_midnight(rows[-1]) else []
        rows += await self._read_days(tenant, around, may_lag=may_lag)
        return join_occupied_times(rows, at)

    async def _read_days(self, tenant: str, days: Sequence[date], *, may_lag: bool) -> list[list[dict[str, Any]]]:
        limit = asyncio.Semaphore(_PARALLEL_DAYS)

        async def read_day(day: date) -> list[dict[str, Any]]:
            async with limit:
                rows = await self._query_day_rows(tenant, day, may_lag=may_lag)
            self._grids.learn(tenant, day, rows)
            return rows

        return await asyncio.gather(*map(read_day, days))

    async def _query_day_rows(self, tenant: str, day: date, *, may_lag: bool) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        query = {**self._slots.build_day_query(tenant, day), "ConsistentRead": not may_lag}
        while True:
            with translate_aws_errors("slots.query"):
                answer = await self._client.query(**query)
            rows += answer.get("Items", ())
            if not (after := answer.get("LastEvaluatedKey")):
                return rows
            query["ExclusiveStartKey"] = after
