"""Unanswered questions in the `usage` table: a row for each group of a month, and one that counts the groups.

Partition key `tenant`, sort key `day`: `unanswered#MONTH` counts (`group_count`, `not_grouped`), and each
`unanswered#MONTH#GROUP` is a group. Only the first question of a group costs more than one write.
"""

from datetime import date, datetime
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import get_error_code, translate_aws_errors
from shared.aws.items import from_item, to_item
from shared.retention import UNANSWERED_QUESTION_RETENTION, compute_expiry
from shared.unanswered import MAX_GROUPS, AskedQuestion, MonthOfQuestions, QuestionGroup

_WORD = "unanswered"


class DynamoUnansweredQuestions:
    """Counts and lists the questions; at most `max_groups` rows of groups for a tenant and month."""

    def __init__(self, *, client: Any, table: str, max_groups: int = MAX_GROUPS) -> None:
        self._client = client
        self._table = table
        self._max_groups = max_groups

    async def count_question(self, tenant: str, day: date, question: AskedQuestion, *, now: datetime) -> None:
        """Count a question.

        The groups are counted before the row of one is written: if a worker dies in between, or two begin the same
        group at once, there is room for one group fewer, never for one more.
        """
        month = f"{_WORD}#{day:%Y-%m}"
        key = to_item({"tenant": tenant, "day": f"{month}#{question.group}"})
        if await self._update(
            key, "SET last_at = :now ADD times_asked :one", "attribute_exists(tenant)", {":now": _at(now)}
        ):
            return
        head, expires = to_item({"tenant": tenant, "day": month}), {":expires": _compute_expiry(now)}
        keep = "SET expires_at = if_not_exists(expires_at, :expires)"
        room = "attribute_not_exists(group_count) OR group_count < :max"
        if not await self._update(head, f"{keep} ADD group_count :one", room, expires | {":max": self._max_groups}):
            await self._update(head, f"{keep} ADD not_grouped :one", None, expires)
            return
        values = {":now": _at(now), ":example": question.example, ":language": question.language}
        first = "example = if_not_exists(example, :example), first_at = if_not_exists(first_at, :now)"
        update = f"{keep}, {first}, question_language = if_not_exists(question_language, :language), last_at = :now"
        await self._update(key, f"{update} ADD times_asked :one", None, expires | values)

    async def _update(self, key: dict[str, Any], update: str, condition: str | None, values: dict[str, Any]) -> bool:
        """Return whether the condition was met."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "Key": key,
            "UpdateExpression": update,
            "ExpressionAttributeValues": to_item({**values, ":one": 1}),
            **({"ConditionExpression": condition} if condition else {}),
        }
        with translate_aws_errors("unanswered.count"):
            try:
                await self._client.update_item(**request)
            except ClientError as error:
                if get_error_code(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True

    async def list_questions(self, tenant: str, month: date) -> MonthOfQuestions:
        """Return the groups, the most frequent first, and of these the latest."""
        rows = await self._read_rows(tenant, f"{_WORD}#{month:%Y-%m}")
        groups = [_parse_group(row) for row in rows if "times_asked" in row]
        groups.sort(key=lambda group: (-group.times, -group.last_at.timestamp(), group.example))
        return MonthOfQuestions(groups, others=sum(row.get("not_grouped", 0) for row in rows))

    async def _read_rows(self, tenant: str, beginning: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "tenant = :tenant AND begins_with(#day, :beginning)",
            "ExpressionAttributeNames": {"#day": "day"},
            "ExpressionAttributeValues": to_item({":tenant": tenant, ":beginning": beginning}),
        }
        while True:
            with translate_aws_errors("unanswered.list"):
                answer = await self._client.query(**query)
            rows += [from_item(item) for item in answer.get("Items", ())]
            if not (after := answer.get("LastEvaluatedKey")):
                return rows
            query["ExclusiveStartKey"] = after


def _parse_group(row: dict[str, Any]) -> QuestionGroup:
    return QuestionGroup(
        example=row["example"],
        language=row["question_language"],
        times=row["times_asked"],
        first_at=datetime.fromisoformat(row["first_at"]),
        last_at=datetime.fromisoformat(row["last_at"]),
    )


def _at(now: datetime) -> str:
    return now.isoformat()


def _compute_expiry(now: datetime) -> int:
    return compute_expiry(now, UNANSWERED_QUESTION_RETENTION)
