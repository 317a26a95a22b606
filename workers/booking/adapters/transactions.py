"""Writes an appointment and its other rows in one DynamoDB transaction."""

import asyncio
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import get_error_code, translate_aws_errors
from shared.aws.items import to_item
from shared.backoff import compute_backoff_seconds
from shared.claims import Claim
from shared.errors import LeaseLostError, PermanentError, TransientError
from workers.booking.adapters.appointment_item import appointment_to_item
from workers.booking.domain.values import Appointment

_MAX_ATTEMPTS = 6
_FIRST_PAUSE_SECONDS = 0.04
_MAX_PAUSE_SECONDS = 0.64
_CONDITION_FAILED = "ConditionalCheckFailed"
_MAX_ITEMS = 100
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html"""


class TooManyBucketsError(PermanentError):
    """The change needs more items than one transaction can have; nothing was written."""

    def __init__(self, message: str = "") -> None:
        super().__init__("too_many_buckets", message)


class Transactions:
    """Writes transactions that first check the command's claim, and then the version of each appointment."""

    def __init__(self, client: Any, *, appointments_table: str, processed_table: str) -> None:
        self._client = client
        self._appointments = appointments_table
        self._processed = processed_table

    async def write(self, appointment: Appointment, claim: Claim, changes: Sequence[dict[str, Any]]) -> int | None:
        """Write all or nothing; return the position of the first change whose condition failed.

        A conflict with another transaction is retried, because it does not evaluate the conditions.
        """
        return await self.write_all([appointment], claim, changes)

    async def write_all(
        self, appointments: Sequence[Appointment], claim: Claim, changes: Sequence[dict[str, Any]]
    ) -> int | None:
        """Write several appointments and the changes, as `write` does for one."""
        puts = [self.build_put_part(appointment) for appointment in appointments]
        items = [self._build_claim_check_part(claim), *puts, *changes]
        if len(items) > _MAX_ITEMS:
            raise TooManyBucketsError(f"{len(items)} items in one transaction")
        for attempt in range(_MAX_ATTEMPTS):
            if attempt:
                await asyncio.sleep(
                    compute_backoff_seconds(attempt, base_seconds=_FIRST_PAUSE_SECONDS, cap_seconds=_MAX_PAUSE_SECONDS)
                )
            reasons = await self._try_write(items)
            if not reasons:
                return None
            if reasons[0] == _CONDITION_FAILED:
                raise LeaseLostError(claim.key)
            first = 1 + len(puts)
            lost = [position for position, reason in enumerate(reasons[first:]) if reason == _CONDITION_FAILED]
            if lost:
                return lost[0]
            if _CONDITION_FAILED in reasons[1:first]:
                raise TransientError("appointments: changed meanwhile")
        raise TransientError("appointments: too many conflicts")

    def build_put_part(self, appointment: Appointment) -> dict[str, Any]:
        """Return the part that replaces the appointment's previous version."""
        put: dict[str, Any] = {"TableName": self._appointments, "Item": to_item(appointment_to_item(appointment))}
        if appointment.version == 1:
            put["ConditionExpression"] = "attribute_not_exists(appointment_id)"
        else:
            put["ConditionExpression"] = "version = :before"
            put["ExpressionAttributeValues"] = to_item({":before": appointment.version - 1})
        return {"Put": put}

    async def _try_write(self, items: list[dict[str, Any]]) -> list[str]:
        with translate_aws_errors("appointments.write"):
            try:
                await self._client.transact_write_items(TransactItems=items)
            except ClientError as error:
                if get_error_code(error) != "TransactionCanceledException":
                    raise
                reasons = error.response.get("CancellationReasons") or [{"Code": "TransactionConflict"}] * len(items)
                return [reason.get("Code", "None") for reason in reasons]
        return []

    def _build_claim_check_part(self, claim: Claim) -> dict[str, Any]:
        return {
            "ConditionCheck": {
                "TableName": self._processed,
                "Key": to_item({"command_key": claim.key}),
                "ConditionExpression": "#owner = :owner",
                "ExpressionAttributeNames": {"#owner": "owner"},
                "ExpressionAttributeValues": to_item({":owner": claim.owner}),
            }
        }
