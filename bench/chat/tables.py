"""The tables in memory: the calls of DynamoDB that ingress and workers make, one after the other."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from bench.chat.expressions import Given, Item, parse_condition, parse_update, to_comparable

KEYS: Mapping[str, tuple[str, ...]] = {
    "AppointmentsTable": ("appointment_id", "session_id"),
    "SlotsTable": ("pk", "bucket"),
    "SuppressionsTable": ("address_hash",),
    "CalendarsTable": ("calendar_id",),
    "ConversationsTable": ("session_id", "seq"),
    "ConnectionsTable": ("session_id", "connection_id"),
    "LimitsTable": ("quota", "seat"),
    "ProcessedTable": ("command_key",),
    "UsageTable": ("tenant", "day"),
    "FailuresTable": ("id",),
}
"""As in `infra/template.yaml`; the names are those of the resources there."""


class RefusedCallError(Exception):
    """What DynamoDB answers instead: a code, and further fields."""

    def __init__(self, code: str, **fields: Any) -> None:
        super().__init__(code)
        self.code = code
        self.fields = fields


class Tables:
    """Items by table and partition. A call changes all that it names, or nothing."""

    def __init__(self) -> None:
        self._partitions: dict[str, dict[Any, dict[Any, Item]]] = {table: defaultdict(dict) for table in KEYS}
        self._actions: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "GetItem": self._get_item,
            "BatchGetItem": self._batch_get_item,
            "PutItem": self._put_item,
            "UpdateItem": self._update_item,
            "DeleteItem": self._delete_item,
            "Query": self._query,
            "TransactWriteItems": self._transact_write_items,
        }

    def carry_out(self, action: str, request: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to a call.

        Raises:
            RefusedCallError: a condition failed.
        """
        return self._actions[action](request)

    def list_items(self, table: str) -> list[Item]:
        """Return all items of a table."""
        return [item for partition in self._partitions[table].values() for item in partition.values()]

    def _find(self, table: str, key: Mapping[str, Any]) -> tuple[dict[Any, Item], Any]:
        first, *second = (to_comparable(key[name]) for name in KEYS[table])
        return self._partitions[table][first], second[0] if second else None

    def _get_item(self, request: dict[str, Any]) -> dict[str, Any]:
        partition, sort = self._find(request["TableName"], request["Key"])
        item = partition.get(sort)
        return {"Item": _project(item, request)} if item else {}

    def _batch_get_item(self, request: dict[str, Any]) -> dict[str, Any]:
        responses: dict[str, list[Item]] = {}
        for table, wanted in request["RequestItems"].items():
            answers = (self._get_item({**wanted, "TableName": table, "Key": key}) for key in wanted["Keys"])
            responses[table] = [answer["Item"] for answer in answers if answer]
        return {"Responses": responses, "UnprocessedKeys": {}}

    def _query(self, request: dict[str, Any]) -> dict[str, Any]:
        table, given = request["TableName"], _read_given(request)
        matches = parse_condition(request["KeyConditionExpression"])
        keeps = parse_condition(request["FilterExpression"]) if "FilterExpression" in request else None
        # The partition's key is the only value that is compared with its name by "=".
        name = KEYS[table][0]
        values = [to_comparable(value) for value in given.values.values() if "S" in value]
        partitions = (self._partitions[table][value] for value in values if value in self._partitions[table])
        found = [item for partition in partitions for item in partition.values() if matches(item, given)]
        found.sort(
            key=lambda item: (item[name]["S"], to_comparable(item[KEYS[table][1]])),
            reverse=not request.get("ScanIndexForward", True),
        )
        found = found[: request.get("Limit")]
        kept = [item for item in found if keeps is None or keeps(item, given)]
        items = {} if request.get("Select") == "COUNT" else {"Items": [_project(item, request) for item in kept]}
        return {**items, "Count": len(kept)}

    def _put_item(self, request: dict[str, Any]) -> dict[str, Any]:
        partition, sort = self._find(request["TableName"], request["Item"])
        _check(partition.get(sort), request)
        partition[sort] = request["Item"]
        return {}

    def _update_item(self, request: dict[str, Any]) -> dict[str, Any]:
        partition, sort = self._find(request["TableName"], request["Key"])
        before = partition.get(sort)
        _check(before, request)
        item = dict(before or request["Key"])
        changed = parse_update(request["UpdateExpression"])(item, _read_given(request))
        partition[sort] = item
        match request.get("ReturnValues"):
            case "ALL_OLD":
                return {"Attributes": before} if before else {}
            case "UPDATED_NEW":
                return {"Attributes": changed}
            case "ALL_NEW":
                return {"Attributes": item}
            case _:
                return {}

    def _delete_item(self, request: dict[str, Any]) -> dict[str, Any]:
        partition, sort = self._find(request["TableName"], request["Key"])
        before = partition.get(sort)
        _check(before, request)
        partition.pop(sort, None)
        return {"Attributes": before} if before and request.get("ReturnValues") == "ALL_OLD" else {}

    def _transact_write_items(self, request: dict[str, Any]) -> dict[str, Any]:
        steps = [next(iter(step.items())) for step in request["TransactItems"]]
        reasons = []
        for _, step in steps:
            partition, sort = self._find(step["TableName"], step.get("Key") or step["Item"])
            try:
                _check(partition.get(sort), step)
                reasons.append({"Code": "None"})
            except RefusedCallError:
                reasons.append({"Code": "ConditionalCheckFailed"})
        if any(reason["Code"] != "None" for reason in reasons):
            raise RefusedCallError("TransactionCanceledException", CancellationReasons=reasons)
        actions = {"Put": self._put_item, "Update": self._update_item, "Delete": self._delete_item}
        for name, step in steps:
            if name != "ConditionCheck":
                actions[name](step)
        return {}


def _read_given(request: Mapping[str, Any]) -> Given:
    return Given(request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {}))


def _check(item: Item | None, request: Mapping[str, Any]) -> None:
    condition = request.get("ConditionExpression")
    if condition and not parse_condition(condition)(item or {}, _read_given(request)):
        returned = {"Item": item} if item and request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" else {}
        raise RefusedCallError("ConditionalCheckFailedException", **returned)


def _project(item: Item, request: Mapping[str, Any]) -> Item:
    expression = request.get("ProjectionExpression")
    if not expression:
        return item
    names = request.get("ExpressionAttributeNames", {})
    wanted = [names.get(name.strip(), name.strip()) for name in expression.split(",")]
    return {name: item[name] for name in wanted if name in item}
