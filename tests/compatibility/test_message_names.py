"""Frames and envelopes keep their types, fields and enumerated values, as the published schemas say them.

`tests/unit/test_contract.py` proves that the published schemas are what the models make.
"""

import json
from pathlib import Path

import pytest

from tests.compatibility.frozen_names import assert_kept, frozen

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
FAMILIES = {
    path.name.removesuffix(".schema.json"): json.loads(path.read_text("utf-8"))
    for path in sorted(SCHEMAS.glob("*.schema.json"))
}
READ = ("client-frame", "command", "notice")
"""Families that others have written: older clients, and queues that were filled by the previous release."""


def expanded(schema, defs):
    """Return a schema's fields, their enumerated values and the kinds of its alternatives, without references."""
    if "$ref" in schema:
        return expanded(defs[schema["$ref"].rpartition("/")[2]], defs)
    found = {}
    if "properties" in schema:
        found["fields"] = {name: expanded(field, defs) for name, field in schema["properties"].items()}
    if "items" in schema:
        found["items"] = expanded(schema["items"], defs)
    if "enum" in schema or "const" in schema:
        found["values"] = sorted(map(str, schema.get("enum") or [schema["const"]]))
    for alternative in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        found = merged(found, expanded(alternative, defs))
    return found


def merged(one, other):
    """Return what either of two alternatives has; the values of one field are those of both."""
    both = {key: merged(one[key], other[key]) for key in one.keys() & other.keys()} if isinstance(one, dict) else {}
    return one | other | both if isinstance(one, dict) else sorted({*one, *other})


def messages(schema):
    """Return each message of a family by its type."""
    found = {}
    for each in schema["oneOf"]:
        definition = schema["$defs"][each["$ref"].rpartition("/")[2]]
        found[definition["properties"]["type"]["const"]] = expanded(definition, schema["$defs"])
    return found


def required(schema):
    """Return the paths of a message's fields that must be there, by its type."""
    found = {}
    for each in schema["oneOf"]:
        definition = schema["$defs"][each["$ref"].rpartition("/")[2]]
        found[definition["properties"]["type"]["const"]] = sorted(required_paths(definition, schema["$defs"]))
    return found


def required_paths(schema, defs, prefix=""):
    if "$ref" in schema:
        yield from required_paths(defs[schema["$ref"].rpartition("/")[2]], defs, prefix)
        return
    for name, field in schema.get("properties", {}).items():
        if name in schema.get("required", ()):
            yield f"{prefix}{name}"
        yield from required_paths(field, defs, f"{prefix}{name}.")


def current_names():
    """Return the messages of every family."""
    return {name: messages(schema) for name, schema in FAMILIES.items()}


def current_required():
    """Return what must be there in messages that others have written."""
    return {name: required(FAMILIES[name]) for name in READ}


def test_every_message_keeps_its_type_and_its_fields():
    """A widget that a page loaded yesterday, and a message that waits on a queue, still mean the same."""
    assert_kept("messages", current_names(), who_depends="loaded widgets, queued messages and stored frames")


@pytest.mark.parametrize("family", READ)
def test_no_field_becomes_required(family):
    """What was written without a field is still read."""
    before, now = frozen("required_fields")[family], required(FAMILIES[family])
    added = [f"{kind}: {path}" for kind, paths in before.items() for path in now[kind] if path not in paths]
    assert not added, f"older clients and queued messages do not say: {added}"


def test_another_alternative_takes_no_name_away():
    """A field that may be one of two objects has the fields and the values of both."""
    kinds = [{"properties": {"type": {"const": kind}, kind: {"type": "string"}}} for kind in ("offer", "call")]
    one, two = (expanded({"items": {"oneOf": kinds[:number]}}, {}) for number in (1, 2))

    assert one == {"items": {"fields": {"type": {"values": ["offer"]}, "offer": {}}}}
    assert two == {"items": {"fields": {"type": {"values": ["call", "offer"]}, "offer": {}, "call": {}}}}
