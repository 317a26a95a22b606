"""Items with the further parts of a payload that is too long for one: written, expired and deleted with the first."""

from collections.abc import Sequence
from typing import Any

from shared.aws.items import to_item


def make_part_id(failure_id: str, number: int) -> str:
    """Return the key of the item with a further part of the payload, from 1."""
    return f"{failure_id}#{number}"


def build_expiry_update(table: str, failure_id: str, number: int, *, ends: int | None) -> dict[str, Any]:
    """Return the parameters of an update that lets a part expire when its failure does, or not at all."""
    update: dict[str, Any] = {"TableName": table, "Key": to_item({"failure_id": make_part_id(failure_id, number)})}
    if ends is None:
        return {**update, "UpdateExpression": "REMOVE expires_at"}
    return {
        **update,
        "UpdateExpression": "SET expires_at = :ends",
        "ExpressionAttributeValues": to_item({":ends": ends}),
    }


def build_part_writes(
    table: str, item: dict[str, Any], rest: Sequence[dict[str, Any]], *, over: dict[str, Any] | None
) -> list[dict[str, Any]]:
    """Return what a transaction does about the parts when `item` and its `rest` take the place of the item `over`.

    Parts of a payload that stays as it is stored are not in `rest`: they end with it. Those that are one too many go.
    """
    failure_id = item["failure_id"]["S"]
    parts, before = _count_parts(item), _count_parts(over) if over else 1
    ends = int(item["expires_at"]["N"]) if "expires_at" in item else None
    stay = [{"Update": build_expiry_update(table, failure_id, n, ends=ends)} for n in range(1 + len(rest), parts)]
    gone = [
        {"Delete": {"TableName": table, "Key": to_item({"failure_id": make_part_id(failure_id, n)})}}
        for n in range(parts, before)
    ]
    return [*({"Put": {"TableName": table, "Item": part}} for part in rest), *stay, *gone]


def _count_parts(item: dict[str, Any]) -> int:
    return int(item["parts"]["N"])
