"""Splits the template between two emulators: what the second one has refers to what the first one has created."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from tests.infra.template import as_list

_VARIABLE = re.compile(r"\$\{([A-Za-z0-9]+(?:\.[A-Za-z0-9.]+)?)\}")

Reference = tuple[str, str]
"""A logical id and an attribute; without attribute it is what `Ref` returns."""


def build_first_part(template: Mapping[str, Any], types: Collection[str]) -> dict[str, Any]:
    """Return the template of the resources of these types, with an output for each value that the others refer to."""
    own = {name: each for name, each in template["Resources"].items() if each["Type"] in types}
    others = {name: each for name, each in template["Resources"].items() if name not in own}
    wanted = {found for found in list_references([others, template["Outputs"]]) if found[0] in own}
    return {
        # Without the rules: they concern parameters of the other part.
        **{name: section for name, section in template.items() if name not in {"Rules", "Metadata"}},
        "Resources": own,
        "Outputs": {build_output_name(found): _build_output(own, found) for found in sorted(wanted)},
    }


def build_second_part(
    template: Mapping[str, Any], first: Mapping[str, Any], outputs: Mapping[str, str], variables: Mapping[str, str]
) -> dict[str, Any]:
    """Return the template of all other resources; `outputs` are those of the first part.

    Every function also gets the environment variables.
    """
    elsewhere = set(first["Resources"])

    def find(found: Reference) -> str | None:
        # What a false condition has left out is referred to only under that condition.
        return outputs.get(build_output_name(found), "") if found[0] in elsewhere else None

    rest = {**template, "Resources": {n: r for n, r in template["Resources"].items() if n not in elsewhere}}
    replaced: dict[str, Any] = _replace(rest, find)
    for resource in replaced["Resources"].values():
        if "DependsOn" in resource:
            resource["DependsOn"] = [name for name in as_list(resource["DependsOn"]) if name not in elsewhere]
        if resource["Type"] == "AWS::Lambda::Function":
            resource["Properties"]["Environment"]["Variables"] |= variables
    return replaced


def build_output_name(found: Reference) -> str:
    """Return the name of the output with the referenced value."""
    return "".join(found).replace(".", "")


def _build_output(own: Mapping[str, Any], found: Reference) -> dict[str, Any]:
    name, attribute = found
    condition = own[name].get("Condition")
    value = {"Fn::GetAtt": [name, attribute]} if attribute else {"Ref": name}
    return {"Value": value, **({"Condition": condition} if condition else {})}


def list_references(value: Any) -> list[Reference]:
    """Return all references to resources, parameters and pseudo parameters in a part of a template."""
    found: list[Reference] = []
    _replace(value, found.append)
    return found


def _replace(value: Any, find: Callable[[Reference], str | None]) -> Any:
    """Return the value with each reference for which `find` returns a text replaced by that text."""
    match value:
        case {"Ref": str(name)} if len(value) == 1:
            return value if (text := find((name, ""))) is None else text
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return value if (text := find((name, attribute))) is None else text
        case {"Fn::Sub": str(text)}:
            return {"Fn::Sub": _replace_variables(text, find)}
        case {"Fn::Sub": [str(text), dict(names)]}:
            return {"Fn::Sub": [_replace_variables(text, find), _replace(names, find)]}
        case dict():
            return {key: _replace(inner, find) for key, inner in value.items()}
        case list():
            return [_replace(inner, find) for inner in value]
    return value


def _replace_variables(text: str, find: Callable[[Reference], str | None]) -> str:
    def replace(match: re.Match[str]) -> str:
        name, _, attribute = match[1].partition(".")
        found = find((name, attribute))
        return match[0] if found is None else found

    return _VARIABLE.sub(replace, text)


def to_text(template: Mapping[str, Any]) -> str:
    """Return the template as JSON, which CloudFormation reads too."""
    return json.dumps(template)
