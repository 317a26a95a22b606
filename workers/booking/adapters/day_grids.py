"""Fixes the size of a day's buckets with the day's first booking, and caches it."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import get_error_code, translate_aws_errors
from shared.aws.items import from_item, to_item
from workers.booking.adapters.bucket_items import Bucket, SlotRows, find_bucket_size, list_buckets, list_utc_days
from workers.booking.domain.values import Appointment, Interval

_MAX_CACHED_DAYS = 10_000


class DayGrids:
    """The size of the buckets of each tenant and day.

    Buckets exclude each other by their keys, so all bookings of a day need the same size, whatever version of the
    profile a worker has. The row never changes, so no transaction has to check it.
    """

    def __init__(self, client: Any, slots: SlotRows) -> None:
        self._client = client
        self._slots = slots
        self._cached: dict[tuple[str, date], int] = {}

    async def list_buckets(self, appointment: Appointment) -> list[Bucket]:
        """Return the buckets of an appointment, in the sizes of its days' grids."""
        grids = {
            day: await self._get_grid_minutes(appointment.tenant, day, appointment.grid_minutes)
            for day in list_utc_days(appointment.blocked)
        }
        return list_buckets(appointment, grids)

    def learn(self, tenant: str, day: date, rows: Sequence[Mapping[str, Any]]) -> None:
        """Cache the size that is among a day's rows, however old the read is: it never changes."""
        if size := find_bucket_size(rows):
            self._cache(tenant, day, size // timedelta(minutes=1))

    def list_known(self, tenant: str, between: Interval) -> dict[date, int]:
        """Return the cached sizes of the days of an interval."""
        sizes = {day: self._cached.get((tenant, day)) for day in list_utc_days(between)}
        return {day: size for day, size in sizes.items() if size is not None}

    async def _get_grid_minutes(self, tenant: str, day: date, minutes: int) -> int:
        cached = self._cached.get((tenant, day))
        if cached is None:
            cached = await self._write_grid_once(tenant, day, minutes)
            self._cache(tenant, day, cached)
        return cached

    def _cache(self, tenant: str, day: date, minutes: int) -> None:
        if len(self._cached) >= _MAX_CACHED_DAYS:
            self._cached.clear()
        self._cached[tenant, day] = minutes

    async def _write_grid_once(self, tenant: str, day: date, minutes: int) -> int:
        """Write the grid, or read the one that exists."""
        with translate_aws_errors("slots.grid"):
            try:
                await self._client.put_item(**self._slots.build_grid_put(tenant, day, minutes))
            except ClientError as error:
                if get_error_code(error) != "ConditionalCheckFailedException":
                    raise
                answer = await self._client.get_item(
                    TableName=self._slots.table,
                    Key=to_item(self._slots.build_grid_key(tenant, day)),
                    ConsistentRead=True,
                )
                return int(from_item(answer["Item"])["grid_minutes"])
        return minutes
