"""Leases requests to Google in DynamoDB: a row for each window in the table `calendars`."""

from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import get_error_code, translate_aws_errors
from shared.aws.items import to_item
from shared.retention import REQUEST_LEASE_RETENTION, compute_expiry
from workers.booking.domain.request_budget import Lease, find_window_end


class DynamoRequestLeases:
    """Rows `requests#` and the number of the window: `free`, and how much each holder has leased.

    A lease is one conditional `UpdateItem`, so all processes together never lease more than a window has.
    """

    def __init__(self, *, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    async def lease(self, lease: Lease) -> bool:
        """Take the amount from what is free."""
        if not lease.fits_empty_window:
            return False
        has_room = "#free >= :needed AND (attribute_not_exists(#holder) OR #holder < #free)"
        with translate_aws_errors("calendars.lease"):
            try:
                await self._client.update_item(
                    **self._find_row(lease.window),
                    UpdateExpression=(
                        "SET #free = if_not_exists(#free, :limit) - :amount, expires_at = :expires ADD #holder :amount"
                    ),
                    ConditionExpression=f"attribute_not_exists(#free) OR ({has_room})",
                    ExpressionAttributeNames={"#free": "free", "#holder": lease.holder},
                    ExpressionAttributeValues=to_item(
                        {
                            ":limit": lease.limit,
                            ":amount": lease.amount,
                            ":needed": lease.amount + lease.kept_free,
                            ":expires": _compute_expiry(lease.window),
                        }
                    ),
                )
            except ClientError as error:
                if get_error_code(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True

    async def close_window(self, window: int) -> None:
        """Leave nothing free."""
        with translate_aws_errors("calendars.close_window"):
            await self._client.update_item(
                **self._find_row(window),
                UpdateExpression="SET #free = :nothing, expires_at = :expires",
                ExpressionAttributeNames={"#free": "free"},
                ExpressionAttributeValues=to_item({":nothing": 0, ":expires": _compute_expiry(window)}),
            )

    def _find_row(self, window: int) -> dict[str, Any]:
        return {"TableName": self._table, "Key": to_item({"calendar_id": f"requests#{window}"})}


def _compute_expiry(window: int) -> int:
    return compute_expiry(find_window_end(window), REQUEST_LEASE_RETENTION)
