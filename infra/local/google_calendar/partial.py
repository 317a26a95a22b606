"""Partial responses: selects the fields that the query parameter `fields` names.

https://developers.google.com/workspace/calendar/api/guides/performance#partial
"""

import json
import re

from aiohttp import web

from infra.local.google_calendar.discovery import load_document
from infra.local.google_calendar.errors import Json, build_bad_request_error, build_invalid_error

Selection = dict[str, "Selection"]
"""The selected names, each with the selection inside its value; an empty selection selects all of it."""

_TOKEN = re.compile(r"[A-Za-z0-9_]+|[(),/]")


def select_answer_fields(answer: web.Response, fields: str | None, method: str) -> web.Response:
    """Return the answer with the selected fields only; refuse a name that the answer's schema does not have."""
    if fields is None or answer.text is None or not answer.text:
        return answer
    selection = parse_selection(fields)
    _, resource, name = method.split(".")
    _check_selection(selection, load_document()["resources"][resource]["methods"][name]["response"])
    return web.json_response(
        select_fields(json.loads(answer.text), selection), status=answer.status, headers=_build_etag_header(answer)
    )


def parse_selection(fields: str) -> Selection:
    """Parse a selection such as `kind,items(id,start/date)`; refuse an invalid one."""
    tokens = _TOKEN.findall(fields)
    if "".join(tokens) != fields:
        raise build_invalid_error(f"Invalid field selection {fields}", "fields")
    tokens.append(")")
    selection = _parse_list(tokens)
    if tokens:
        raise build_invalid_error(f"Invalid field selection {fields}", "fields")
    return selection


def select_fields(value: object, selection: Selection) -> object:
    """Return the selected fields of a value; the selection applies to each item of a list."""
    if isinstance(value, list):
        return [select_fields(item, selection) for item in value]
    if not selection or not isinstance(value, dict):
        return value
    return {name: select_fields(inner, selection[name]) for name, inner in value.items() if name in selection}


def _parse_list(tokens: list[str]) -> Selection:
    """Consume a list of names and the closing bracket from the front of the tokens."""
    found: Selection = {}
    while tokens:
        name = tokens.pop(0)
        if not name.isidentifier():
            break
        inner = found.setdefault(name, {})
        while tokens and tokens[0] == "/":
            del tokens[0]
            inner = inner.setdefault(tokens.pop(0) if tokens else "", {})
        if tokens and tokens[0] == "(":
            del tokens[0]
            inner |= _parse_list(tokens)
        match tokens.pop(0) if tokens else "":
            case ",":
                continue
            case ")":
                return found
            case _:
                break
    raise build_bad_request_error()


def _check_selection(selection: Selection, schema: Json) -> None:
    schema = load_document()["schemas"][schema["$ref"]] if "$ref" in schema else schema
    if schema.get("type") == "array":
        _check_selection(selection, schema["items"])
        return
    for name, inner in selection.items():
        found = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
        if found is None:
            raise build_invalid_error(f"Invalid field selection {name}", "fields")
        _check_selection(inner, found)


def _build_etag_header(answer: web.Response) -> dict[str, str]:
    return {"ETag": answer.headers["ETag"]} if "ETag" in answer.headers else {}
