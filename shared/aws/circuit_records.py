"""The circuits that have opened lately, in the table `limits`: all in one partition, which few processes write."""

import hashlib
from collections.abc import Sequence
from typing import Any

from shared.aws.errors import translate_aws_errors
from shared.aws.items import from_item, to_item
from shared.circuits.breaker import CircuitState
from shared.circuits.ports import CircuitRecord, sort_records
from shared.clock import Clock
from shared.instants import from_milliseconds, to_milliseconds, to_seconds
from shared.retention import CIRCUIT_RETENTION, compute_expiry

PARTITION = "circuits"

_NUMBER_BYTES = 6
"""As many as a number of DynamoDB and of JSON keeps exactly; hardly ever have two rows of an hour the same."""


class DynamoCircuitRecords:
    """Keys `quota` (`circuits`) and `seat` (derived from the process and the circuit)."""

    def __init__(self, *, client: Any, table: str, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    async def put(self, record: CircuitRecord) -> None:
        """Store the state of a circuit, in place of its state before."""
        row = {
            "quota": PARTITION,
            "seat": _derive_number(record),
            "process": record.process,
            "dependency": record.dependency,
            "circuit": record.circuit,
            "state": record.state.value,
            "recorded_at_ms": to_milliseconds(record.recorded_at),
            "expires_at": compute_expiry(record.recorded_at, CIRCUIT_RETENTION),
        }
        with translate_aws_errors("circuits.put"):
            await self._client.put_item(TableName=self._table, Item=to_item(row))

    async def list_recent(self) -> Sequence[CircuitRecord]:
        """Return the circuits of the last hour; one page has thousands of them."""
        now = self._clock.now()
        with translate_aws_errors("circuits.list"):
            answer = await self._client.query(
                TableName=self._table,
                KeyConditionExpression="quota = :circuits",
                # DynamoDB deletes rows some time after they have expired.
                FilterExpression="expires_at > :now",
                ExpressionAttributeValues=to_item({":circuits": PARTITION, ":now": to_seconds(now)}),
            )
        return sort_records(
            CircuitRecord(
                row["process"],
                row["dependency"],
                row["circuit"],
                CircuitState(row["state"]),
                from_milliseconds(row["recorded_at_ms"]),
            )
            for row in map(from_item, answer["Items"])
        )


def _derive_number(record: CircuitRecord) -> int:
    name = f"{record.process}\n{record.dependency}\n{record.circuit}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:_NUMBER_BYTES])
