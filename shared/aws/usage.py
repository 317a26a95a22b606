"""The `usage` table: tokens per tenant and day, and messages without an answer."""

from typing import Any

from shared.aws.errors import translate_aws_errors
from shared.aws.items import from_item, to_item
from shared.messages.server import Usage


class DynamoUsageStore:
    """Partition key `tenant`, sort key `day` (UTC, `2026-11-25`); atomic counters."""

    def __init__(self, *, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    async def add_usage(self, tenant: str, day: str, usage: Usage) -> None:
        """Add one answer's tokens, and one to the answers."""
        with translate_aws_errors("usage.add"):
            await self._client.update_item(
                TableName=self._table,
                Key=to_item({"tenant": tenant, "day": day}),
                UpdateExpression=(
                    "ADD answers :one, input_tokens :input, output_tokens :output, "
                    "cache_read_tokens :read, cache_write_tokens :write"
                ),
                ExpressionAttributeValues=to_item(
                    {
                        ":one": 1,
                        ":input": usage.input_tokens,
                        ":output": usage.output_tokens,
                        ":read": usage.cache_read_tokens,
                        ":write": usage.cache_write_tokens,
                    }
                ),
            )

    async def add_refusal(self, tenant: str, day: str) -> None:
        """Count a message that the model did not answer, and whose visitor was asked to send it again."""
        with translate_aws_errors("usage.refused"):
            await self._client.update_item(
                TableName=self._table,
                Key=to_item({"tenant": tenant, "day": day}),
                UpdateExpression="ADD refused :one",
                ExpressionAttributeValues=to_item({":one": 1}),
            )

    async def get_refusals(self, tenant: str, day: str) -> int:
        """Return how many there were on a day so far."""
        return await self._read_counter(tenant, day, "refused")

    async def get_output_tokens(self, tenant: str, day: str) -> int:
        """Return the output tokens of a day so far."""
        return await self._read_counter(tenant, day, "output_tokens")

    async def _read_counter(self, tenant: str, day: str, name: str) -> int:
        with translate_aws_errors("usage.get"):
            answer = await self._client.get_item(TableName=self._table, Key=to_item({"tenant": tenant, "day": day}))
        return int(from_item(answer.get("Item", {})).get(name, 0))
