"""Answers to the assistant's queries, in rows of the `processed` table that are no records of commands."""

from typing import Any

import structlog
from pydantic import ValidationError

from shared.aws.errors import translate_aws_errors
from shared.aws.items import from_item, to_item
from shared.clock import Clock
from shared.messages.answers import QUERY_ANSWER, QueryAnswer
from shared.retention import QUERY_ANSWER_RETENTION, compute_expiry

log = structlog.get_logger()

_PREFIX = "answer#"
"""No command key has a `w`, so no worker ever claims such a row."""


class DynamoQueryAnswers:
    """Partition key `command_key`: the prefix and the id of the query. Attributes: `answer` (JSON) and `expires_at`."""

    def __init__(self, *, client: Any, table: str, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    async def put(self, query_id: str, answer: QueryAnswer) -> None:
        """Store an answer. It is an update, so that booking's role needs no right to replace rows."""
        with translate_aws_errors("answers.put"):
            await self._client.update_item(
                TableName=self._table,
                Key=_build_key(query_id),
                UpdateExpression="SET answer = :answer, expires_at = :expires",
                ExpressionAttributeValues=to_item(
                    {
                        ":answer": answer.model_dump_json(),
                        ":expires": compute_expiry(self._clock.now(), QUERY_ANSWER_RETENTION),
                    }
                ),
            )

    async def find(self, query_id: str) -> QueryAnswer | None:
        """Return the answer; None of one that this release can't read."""
        with translate_aws_errors("answers.find"):
            found = await self._client.get_item(TableName=self._table, Key=_build_key(query_id), ConsistentRead=True)
        text = from_item(found.get("Item", {})).get("answer")
        if text is None:
            return None
        try:
            return QUERY_ANSWER.validate_json(text)
        except ValidationError:
            log.warning("query_answer_unreadable")
            return None


def _build_key(query_id: str) -> dict[str, Any]:
    return to_item({"command_key": f"{_PREFIX}{query_id}"})
