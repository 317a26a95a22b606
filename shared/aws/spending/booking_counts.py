"""Which visits were confirmed on which day: rows of the `limits` table, one a visit, for the cost of a booking.

Booking writes a row in the transaction that confirms the visit. The rows are counted where they are read, so that
simultaneous bookings of a business meet on no row, and there is no sum that could be wrong. Partition key `quota`
(`confirmed#TENANT#MONTH`), sort key `seat` (a number that is derived from the appointment's id).
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from shared.aws.errors import translate_aws_errors
from shared.aws.items import from_item, to_item
from shared.retention import BOOKING_COUNT_RETENTION, compute_expiry

_NUMBER_BYTES = 12
"""DynamoDB's numbers have 38 digits; these have 29."""


def build_confirmed_item(tenant: str, appointment_id: str, *, day: date, now: datetime) -> dict[str, Any]:
    """Return the row of a visit that was confirmed on a day of the business; the same one however often it is built."""
    digest = hashlib.sha256(appointment_id.encode()).digest()
    return to_item(
        {
            "quota": _build_partition(tenant, day),
            "seat": int.from_bytes(digest[:_NUMBER_BYTES], "big"),
            "local_day": day.isoformat(),
            "expires_at": compute_expiry(now, BOOKING_COUNT_RETENTION),
        }
    )


class DynamoBookingCounts:
    """Counts the rows."""

    def __init__(self, *, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    async def count_confirmed(self, tenant: str, first: date, last: date) -> Mapping[date, int]:
        """Return how many visits were confirmed on each day that has some, both days included."""
        counts: Counter[date] = Counter()
        pages = self._client.get_paginator("query")
        for month in _list_months(first, last):
            request = {
                "TableName": self._table,
                "KeyConditionExpression": "quota = :quota",
                "ExpressionAttributeValues": to_item({":quota": _build_partition(tenant, month)}),
                "ProjectionExpression": "local_day",
            }
            with translate_aws_errors("bookings.count"):
                async for page in pages.paginate(**request):
                    counts.update(date.fromisoformat(from_item(item)["local_day"]) for item in page["Items"])
        return {day: counts[day] for day in sorted(counts) if first <= day <= last}


def _build_partition(tenant: str, day: date) -> str:
    return f"confirmed#{tenant}#{day:%Y-%m}"


def _list_months(first: date, last: date) -> Iterator[date]:
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        yield date(number // 12, number % 12 + 1, 1)
