"""Renders the properties of a template's resources, for the comparison of two of them."""

import re
from collections.abc import Mapping
from typing import Any

from infra.deployment.template import Template

NO_VALUE = object()
"""A property with this value is as one that is not there."""


def render(value: Any, template: Template, values: Mapping[str, str], names: Mapping[str, str]) -> Any:
    """Return a value with parameters and references replaced; `names` are the physical ids by logical id."""
    if isinstance(value, list):
        rendered = [render(each, template, values, names) for each in value]
        return [each for each in rendered if each is not NO_VALUE]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(function, argument)] = value.items()
        if function == "Ref":
            if argument == "AWS::NoValue":
                return NO_VALUE
            return values.get(argument, names.get(argument, f"<{argument}>"))
        if function == "Fn::GetAtt":
            return f"{names.get(argument[0], argument[0])}.{argument[1]}"
        if function == "Fn::Sub" and isinstance(argument, str):
            return re.sub(r"\$\{([^}]+)\}", lambda match: _named(match[1], values, names), argument)
        if function == "Fn::If":
            is_true = template.is_true({"Condition": argument[0]}, values)
            return render(argument[1 if is_true else 2], template, values, names)
    properties = {name: render(each, template, values, names) for name, each in value.items()}
    return {name: each for name, each in properties.items() if each is not NO_VALUE}


def _named(name: str, values: Mapping[str, str], names: Mapping[str, str]) -> str:
    logical_id = name.split(".", maxsplit=1)[0]
    return values.get(name, names.get(logical_id, f"<{logical_id}>") + name.removeprefix(logical_id))


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the names of the properties that differ."""
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
