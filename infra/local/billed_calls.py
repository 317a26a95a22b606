"""What a request to the emulator is by AWS's price list: which operation, and how many units."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from shared.json_objects import parse_json_object

_SCOPE = re.compile(r"Credential=[^/]+/[0-9]+/[^/]+/(?P<service>[a-z0-9-]+)/aws4_request")
STACK_PREFIX = "stride-"
"""What the names of a local stack's tables, queues and functions begin with."""

MESSAGE_BYTES = 32 * 1024
"""API Gateway meters WebSocket messages in pieces of 32 KB (https://aws.amazon.com/api-gateway/pricing/)."""

_READ_UNIT_BYTES = 4096
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html"""

_REST_OPERATIONS: tuple[tuple[str, str, str, str], ...] = (
    ("execute-api", "POST", r"/@connections/", "PostToConnection"),
    ("ses", "POST", r"^/v2/email/outbound-emails$", "SendEmail"),
    ("scheduler", "POST", r"^/schedules/", "CreateSchedule"),
    ("scheduler", "DELETE", r"^/schedules/", "DeleteSchedule"),
    ("s3", "HEAD", r"^/[^/]+/?$", "HeadBucket"),
    ("s3", "GET", r"^/[^/]+/?$", "ListObjectsV2"),
    ("s3", "GET", r"^/[^/]+/.+", "GetObject"),
    ("s3", "PUT", r"^/[^/]+/.+", "PutObject"),
)
"""Service, method and path of the operations whose protocol names them by method and path."""


@dataclass(frozen=True, slots=True)
class BilledCall:
    """One API call."""

    service: str
    operation: str
    resource: str = ""
    """The table or queue without the prefix of the stack, or what is posted to a connection."""

    @property
    def name(self) -> str:
        """Return what the table of calls is ordered by."""
        return " ".join(filter(None, (self.service, self.operation, self.resource)))


def identify_call(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> BilledCall | None:
    """Return the call; None for a request that is not signed, such as one to the emulator itself."""
    scope = _SCOPE.search(headers.get("authorization", ""))
    if scope is None:
        return None
    service = scope["service"]
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    if operation:
        request = json.loads(body or b"{}")
        # Timers read the same records, eventually consistent, and are left out of the table of calls.
        consistency = ["consistent"] if operation == "GetItem" and request.get("ConsistentRead") else []
        return BilledCall(service, operation, " ".join([*consistency, _name_resource(request)]))
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return BilledCall(service, parse_qs(body.decode()).get("Action", ["?"])[0])
    for expected_service, expected_method, pattern, name in _REST_OPERATIONS:
        if (service, method) == (expected_service, expected_method) and re.search(pattern, unquote(path)):
            return BilledCall(service, name, _name_posted_frame(body) if name == "PostToConnection" else "")
    return BilledCall(service, f"{method} {path}?{query}".rstrip("?"))


def count_messages(event: Mapping[str, Any]) -> int:
    """Return as how many messages API Gateway meters a WebSocket message."""
    text: str = event.get("text") or ""
    return max(1, -(-len(text.encode()) // MESSAGE_BYTES))


def list_logged_metrics(log: str) -> list[str]:
    """Return the custom metrics in a log, each with one set of dimensions, as CloudWatch bills them."""
    found = []
    for line in map(parse_json_object, log.splitlines()):
        for directive in (line or {}).get("_aws", {}).get("CloudWatchMetrics", ()):
            for dimensions in directive["Dimensions"]:
                values = " ".join(f"{name}={line[name]}" for name in dimensions if line)
                found += [f"{metric['Name']} {values}".rstrip() for metric in directive["Metrics"]]
    return found


def measure_capacity(operation: str, request: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, float]:
    """Return the request units of a call to DynamoDB.

    The emulator reports the units of writes, with indexes and transactions, as DynamoDB does; of reads it ignores the
    sizes, so they are computed here from the returned items. A write whose condition failed costs a unit
    (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html).
    """
    is_write = operation in {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"}
    if "__type" in answer:
        failed = len(request.get("TransactItems", [request]))
        return {"write_units": float(failed * (2 if "TransactItems" in request else 1))} if is_write else {}
    if is_write:
        return {"write_units": _sum_reported_units(answer)}
    is_consistent = request.get("ConsistentRead")
    match operation:
        case "GetItem":
            return {"read_units": _compute_read_units([answer.get("Item")], is_consistent=is_consistent)}
        case "Query":
            size = sum(compute_item_bytes(item) for item in answer.get("Items", ()))
            return {"read_units": _compute_units(size, is_consistent=is_consistent)}
        case "BatchGetItem":
            units = 0.0
            for table, asked in request["RequestItems"].items():
                items = answer.get("Responses", {}).get(table, [])
                missing = len(asked["Keys"]) - len(items)
                units += _compute_read_units([*items, *[None] * missing], is_consistent=asked.get("ConsistentRead"))
            return {"read_units": units}
        case "TransactGetItems":
            items = [each.get("Item") for each in answer.get("Responses", ())]
            return {"read_units": 2 * _compute_read_units(items, is_consistent=True)}
        case _:
            return {}


def compute_item_bytes(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Return an item's size: names and values (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html)."""
    return sum(len(name.encode()) + _compute_value_bytes(value) for name, value in item.items())


def _compute_value_bytes(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            digits = content.lstrip("-").replace(".", "").strip("0")
            return (len(digits) + 1) // 2 + 1
        case "B":
            return len(content) * 3 // 4  # base64
        case "M":
            return 3 + sum(1 + len(name.encode()) + _compute_value_bytes(each) for name, each in content.items())
        case "L":
            return 3 + sum(1 + _compute_value_bytes(each) for each in content)
        case "SS" | "NS" | "BS":
            return sum(_compute_value_bytes({kind[0]: each}) for each in content)
        case _:  # BOOL and NULL
            return 1


def _compute_read_units(items: list[Mapping[str, Any] | None], *, is_consistent: bool | None) -> float:
    """Return the units of items that are read one by one; a missing one costs as much as a small one."""
    return sum(_compute_units(compute_item_bytes(item or {}), is_consistent=is_consistent) for item in items)


def _compute_units(size: int, *, is_consistent: bool | None) -> float:
    units = max(1, -(-size // _READ_UNIT_BYTES))
    return units if is_consistent else units / 2


def _sum_reported_units(answer: Mapping[str, Any]) -> float:
    consumed = answer.get("ConsumedCapacity", [])
    return sum(float(each["CapacityUnits"]) for each in (consumed if isinstance(consumed, list) else [consumed]))


def _name_resource(request: Mapping[str, Any]) -> str:
    """Return what a request in the JSON protocol works on: tables, or a queue."""
    tables = {request.get("TableName", ""), *request.get("RequestItems", {})}
    tables |= {part["TableName"] for each in request.get("TransactItems", ()) for part in each.values()}
    queue = request.get("QueueUrl", "").rpartition("/")[2]
    names = sorted(name.removeprefix(STACK_PREFIX) for name in {*tables, queue} if name)
    return "+".join(names)


def _name_posted_frame(body: bytes) -> str:
    return str(json.loads(body).get("type", "")) if body.startswith(b"{") else "text"
