"""Explains to an owner what pydantic found wrong with a profile, and what to write instead."""

import difflib
import json
import re
from collections.abc import Iterator, Sequence
from typing import get_args

import yaml
from pydantic import BaseModel
from pydantic_core import ErrorDetails

from shared.tenants.profile import TenantProfile
from shared.tenants.yaml_tree import shorten
from shared.validation import describe_problem

_MIN_BEGINNING = 3
"""Fewer characters of a field's name say too little about which field is meant."""

_STRING = "tag:yaml.org,2002:str"
_KINDS = {"bool": "yes or no", "int": "a number", "float": "a number", "timestamp": "a date", "null": "nothing"}
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DEFAULT_LOCALE = TenantProfile.model_fields["locale"].default
_WRONG_SHAPES = {"tuple_type", "list_type", "dict_type", "model_type", "model_attributes_type", "mapping_type"}


def explain_problem(problem: ErrorDetails, node: yaml.Node | None, key: str) -> str:
    """Return one sentence about a problem of a value, or of its missing part.

    `key` is the name of the field as the text has it.
    """
    location = [part for part in problem["loc"] if part != "[key]"]
    kind = problem["type"]
    if kind == "extra_forbidden":
        return _explain_unknown_field(location, key)
    if kind == "invalid_key" or (kind == "string_type" and "[key]" in problem["loc"]):
        return f"put the name of this field in quotes: {json.dumps(key, ensure_ascii=False)}"
    if isinstance(node, yaml.ScalarNode) and kind in _WRONG_SHAPES:
        return _explain_shape(location, node)
    if isinstance(node, yaml.MappingNode) and kind == "tuple_type":
        return "must be a list: begin each of its items with `- `"
    if isinstance(node, yaml.ScalarNode) and kind == "string_type" and node.style is None and node.tag != _STRING:
        if not node.value:
            return "is empty: write a text, or delete the line"
        return f"is read as {_name_kind(node)}: write {_quote(node)}, with quotes"
    if kind.startswith(("date_", "datetime_")):
        return f"{_lower(describe_problem(problem))}: write a date such as 2026-12-24"
    if kind in {"int_parsing", "int_from_float", "int_type"} and isinstance(node, yaml.ScalarNode):
        return f"{_lower(describe_problem(problem))}: write a whole number alone, without a unit"
    return _lower(describe_problem(problem))


def _explain_shape(location: Sequence[str | int], node: yaml.ScalarNode) -> str:
    """Explain a single value where there must be a list or a section."""
    if location[-1] == "hours" or "opening_hours" in location:
        if node.tag == _STRING and any(sign.isdigit() for sign in node.value):
            return f"must be a list of periods: write [{_quote(node)}]"
        if location[-1] != "opening_hours":
            return "must be a list of periods: write [] if it is closed, or delete the line"
        return 'must name days: write, indented in lines of their own, monday: ["09:00-17:00"] and so on'
    if location == ["quiet_hours"]:
        return 'must look like "21:00-08:00", with quotes'
    if location[-1] == "price":
        return f'must be a text with its currency, such as "{shorten(node.value)} zł"'
    if len(location) > 1 and location[-2] == "choices":
        return f"must have an id and a label: write {{id: a, label: {shorten(node.value)}}}"
    if location[-1] in {"name", "disclosure", "address", "label"} and (node.tag == _STRING or location[-1] == "label"):
        return f"must name its language: write {{{_DEFAULT_LOCALE}: {_quote(node)}}}"
    if node.value and location[-1] in {"allowed_origins", "resources"} and node.tag == _STRING:
        return f"must be a list: write [{_quote(node)}]"
    return _explain_list(location, node)


def _explain_list(location: Sequence[str | int], node: yaml.ScalarNode) -> str:
    if location == ["reminder_hours_before"]:
        return "must be a list: write [24, 2] for a day and two hours, or [] for no reminders"
    if "closed_ranges" not in location:
        return "must be a list or a section of its own, indented in the lines below"
    days = _DATE.findall(node.value) or ["2026-12-24", "2026-12-31"]
    section = f"{{first: {days[0]}, last: {days[-1]}}}"
    listed = f"[{section}]" if location[-1] == "closed_ranges" else section
    return f"must be a first and a last date: write {listed}"


def _explain_unknown_field(location: Sequence[str | int], key: str) -> str:
    fields = list(_find_section(location[:-1]).model_fields)
    plain = "".join(sign for sign in key if sign.isprintable()).strip().lower().replace("-", "_").replace(" ", "_")
    longer = [field for field in fields if plain and field.startswith(f"{plain}_")]
    longer = longer or [field for field in fields if len(plain) >= _MIN_BEGINNING and field.startswith(plain)]
    if near := longer or difflib.get_close_matches(plain, fields, n=1, cutoff=0.7):
        return f"there is no such field: write `{near[0]}`"
    if owner := next((name for name, section in _list_sections() if plain in section.model_fields), None):
        return f"there is no such field here: it belongs to `{owner}`; check the indentation"
    return f"there is no such field; there are {', '.join(fields)}"


def _find_section(location: Sequence[str | int]) -> type[BaseModel]:
    section: type[BaseModel] = TenantProfile
    for part in location:
        field = section.model_fields.get(str(part))
        if field and (inner := _find_model(field.annotation)):
            section = inner
    return section


def _list_sections() -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in TenantProfile.model_fields.items():
        if section := _find_model(field.annotation):
            yield name, section
    yield "the profile itself", TenantProfile


def _find_model(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_find_model, get_args(annotation))), None)


def _name_kind(node: yaml.ScalarNode) -> str:
    return _KINDS.get(node.tag.rpartition(":")[2], "something else")


def _quote(node: yaml.ScalarNode) -> str:
    return json.dumps(shorten(node.value), ensure_ascii=False)


def _lower(reason: str) -> str:
    return reason[:1].lower() + reason[1:]
