"""Builds the template of an import: what the stack has, unchanged, and the imported resources with literal values.

An import may change nothing else, and its template describes the whole stack
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-manually.html). Literal values need
neither the new parameters nor the conditions of the template that is deployed afterwards.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from infra.deployment.errors import DeployError
from infra.deployment.template import Template

_FUNCTIONS = {"Ref", "Fn::Sub"}


def add_imported_resources(
    deployed: Template, wanted: Template, names: Iterable[str], values: Mapping[str, str]
) -> str:
    """Return the deployed template with resources of the wanted one."""
    imported = {name: _make_literal(name, wanted, values) for name in names}
    content = {**deployed.content, "Resources": {**deployed.content["Resources"], **imported}}
    return json.dumps(content, default=str)


def _make_literal(name: str, template: Template, values: Mapping[str, str]) -> dict[str, Any]:
    resource = template.content["Resources"][name]
    kept = {key: value for key, value in resource.items() if key not in {"Condition", "DependsOn", "Properties"}}
    return {**kept, "Properties": _replace_parameters(name, resource.get("Properties", {}), template, values)}


def _replace_parameters(name: str, value: Any, template: Template, values: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_replace_parameters(name, each, template, values) for each in value]
    if not isinstance(value, Mapping):
        return value
    if len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::")):
        literal = template.resolve(value, values) if set(value) <= _FUNCTIONS else None
        if literal is None:
            raise DeployError(f"{name} can't be imported: {json.dumps(value)} in its properties is no parameter")
        return literal
    return {key: _replace_parameters(name, each, template, values) for key, each in value.items()}
