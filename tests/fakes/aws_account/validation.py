"""Refuses the requests for change sets that CloudFormation refuses."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from infra.deployment.template import Template
from tests.fakes.aws_account.refusal import refusal
from tests.fakes.aws_account.schemas import identifier
from tests.fakes.aws_account.stacks import FakeStack


def read_parameters(template: Template, requested: list[dict[str, Any]], stack: FakeStack | None) -> dict[str, str]:
    """Return the value of every parameter; refuse what the template does not have or does not accept."""
    unknown = [each["ParameterKey"] for each in requested if each["ParameterKey"] not in template.parameters]
    if unknown:
        raise refusal("ValidationError", f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    values = {each["ParameterKey"]: _read_value(each, stack) for each in requested}
    missing = [name for name, each in template.parameters.items() if "Default" not in each and name not in values]
    if missing:
        raise refusal("ValidationError", f"Parameters: [{', '.join(missing)}] must have values")
    complete = template.values(values)
    for name, value in complete.items():
        declared = template.parameters[name]
        allowed, pattern = {str(each) for each in declared.get("AllowedValues", ())}, declared.get("AllowedPattern")
        if (allowed and value not in allowed) or (pattern and not re.fullmatch(pattern, value)):
            raise refusal("ValidationError", f"Parameter {name} failed to satisfy constraint")
    return complete


def _read_value(requested: Mapping[str, Any], stack: FakeStack | None) -> str:
    if not requested.get("UsePreviousValue"):
        return str(requested["ParameterValue"])
    name = requested["ParameterKey"]
    if stack is None or name not in stack.parameters:
        raise refusal(
            "ValidationError",
            f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a parameter"
            " key not in the previous template",
        )
    return stack.parameters[name]


def check_import(
    template: Template, parameters: Mapping[str, str], arguments: Mapping[str, Any], stack: FakeStack | None
) -> None:
    """Refuse an import with anything beside the imported resources; `stack` is the one that gets them."""
    deployed = stack.template.content if stack and stack.template else {}
    has_other_outputs = template.content.get("Outputs") != deployed.get("Outputs")
    for name, is_there in {"Outputs": has_other_outputs, "Tags": bool(arguments.get("Tags"))}.items():
        if is_there:
            raise refusal("ValidationError", f"As part of the import operation, you cannot modify or add [{name}]")
    named = {each["LogicalResourceId"]: each for each in arguments["ResourcesToImport"]}
    resources = template.resources(parameters)
    for name, resource in resources.items():
        if name not in named:
            if stack and name in stack.resources:
                continue
            raise refusal("ValidationError", f"Resources [{name}] is missing from ResourceToImport list")
        if "DeletionPolicy" not in resource:
            raise refusal("ValidationError", f"Resources to import must have a DeletionPolicy attribute: {name}")
        if set(named[name]["ResourceIdentifier"]) != set(identifier(resource["Type"])):
            found = json.dumps(named[name]["ResourceIdentifier"])
            raise refusal("ValidationError", f"Invalid resource identifier {found} for {name}")
    if absent := sorted(set(named) - set(resources)):
        raise refusal("ValidationError", f"Resources {absent} are not in the template")


def check_import_alone(changes: Iterable[Mapping[str, Any]]) -> None:
    """Refuse an import that would also change what the stack has."""
    others = [each["ResourceChange"] for each in changes if each["ResourceChange"]["Action"] != "Import"]
    if names := sorted(each["LogicalResourceId"] for each in others):
        raise refusal(
            "ValidationError",
            f"You have modified resources {names} in your template that are not being imported. Update, create or"
            " delete operations cannot be executed during import operations.",
        )
