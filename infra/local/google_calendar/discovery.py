"""Checks calls against the discovery document that the client library ships.

It is Google's machine-readable description of the API: a parameter or field that it
does not name does not exist.
"""

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, urlsplit

from infra.local.google_calendar.errors import Json
from infra.local.google_calendar.moments import DATE, DATE_TIME

COMMON_PARAMETERS = frozenset({"alt", "fields", "key", "prettyPrint", "quotaUser"})
"""Query parameters that every method accepts."""

TYPES: dict[str, type | tuple[type, ...]] = {
    "array": list,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "object": dict,
    "string": str,
}


@cache
def load_document() -> Json:
    """Read the discovery document of Calendar v3."""
    source = files("googleapiclient.discovery_cache") / "documents" / "calendar.v3.json"
    found: Json = json.loads(source.read_text(encoding="utf-8"))
    return found


def find_method(verb: str, url: str) -> Json:
    """Return the method that a request calls; raise AssertionError if there is none."""
    path = urlsplit(url).path.partition("/calendar/v3/")[2]
    for resource in load_document()["resources"].values():
        for method in resource["methods"].values():
            template = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(method["path"]))
            if method["httpMethod"] == verb and re.fullmatch(template, path):
                found: Json = method
                return found
    raise AssertionError(f"the API has no {verb} {path}")


def check_request(verb: str, url: str, body: bytes | str | None) -> None:
    """Raise AssertionError if a request has a parameter or field that its method does not accept."""
    method = find_method(verb, url)
    known = COMMON_PARAMETERS | set(method.get("parameters", {}))
    unknown = set(parse_qs(urlsplit(url).query)) - known
    if unknown:
        raise AssertionError(f"{method['id']} takes no {', '.join(sorted(unknown))}")
    if "request" in method:
        _check_schema(json.loads(body or "{}"), method["request"], method["id"] + " request")
    elif body:
        raise AssertionError(f"{method['id']} takes no body")


def check_response(verb: str, url: str, status: int, body: bytes | str) -> None:
    """Raise AssertionError if an answer or a refusal does not fit the schema of its method."""
    method = find_method(verb, url)
    where = f"{method['id']} response {status}"
    if status >= 400:
        _check_refusal(json.loads(body)["error"], status, where)
    elif status >= 300:
        _require(not body, where, "has a body")
    elif "response" in method:
        _check_schema(json.loads(body), method["response"], where)
    else:
        _require(not body, where, "has a body")


def _check_schema(value: Any, schema: Json, where: str) -> None:
    schema = load_document()["schemas"][schema["$ref"]] if "$ref" in schema else schema
    expected = TYPES.get(schema.get("type", "any"))
    if expected is None:
        return
    is_right = isinstance(value, expected) and (expected is bool or not isinstance(value, bool))
    _require(is_right, where, f"is no {schema['type']}: {value!r}")
    if isinstance(value, dict):
        for name, inner in value.items():
            known = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
            _require(known is not None, f"{where}.{name}", "is no property of the schema")
            _check_schema(inner, known or {}, f"{where}.{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            _check_schema(inner, schema["items"], f"{where}[{number}]")
    elif schema.get("format") in {"date", "date-time"}:
        pattern = DATE if schema["format"] == "date" else DATE_TIME
        _require(pattern.fullmatch(value) is not None, where, f"is no {schema['format']}: {value}")


def _check_refusal(error: Json, status: int, where: str) -> None:
    _require(set(error) == {"errors", "code", "message"}, where, f"is {sorted(error)}")
    _require(error["code"] == status, where, f"says {error['code']}")
    for entry in error["errors"]:
        _require({"domain", "reason", "message"} <= set(entry), where, f"lacks a part: {sorted(entry)}")


def _require(truth: bool, where: str, complaint: str) -> None:  # noqa: FBT001  # reads as an assertion
    if not truth:
        raise AssertionError(f"{where} {complaint}")
