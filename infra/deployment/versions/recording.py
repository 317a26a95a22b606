"""Writes the records of deployments that succeeded."""

from datetime import datetime
from typing import Any

from infra.deployment.cloudformation.change_set import IDENTIFIERS
from infra.deployment.cloudformation.stack import Stack, StackResource, list_owned_resources, read_deployed_template
from infra.deployment.code_bucket import CodeBucket
from infra.deployment.parameters import HIDDEN
from infra.deployment.request import Environment
from infra.deployment.template import Template
from infra.deployment.versions.records import RESTORED, Record, compute_version, load_records, save_record


def record_deployment(
    bucket: CodeBucket, environment: Environment, *, name: str, template: Template, template_key: str, stack: Stack
) -> None:
    """Record code, model, parameters and what would outlive the stack."""
    owned = list_owned_resources(environment.clients("cloudformation"), stack.id)
    record = _describe(template, template_key, stack, owned, time=environment.now())
    save_record(bucket, name, Record(**record, release=environment.release, commit=environment.commit))


def record_unrecorded(bucket: CodeBucket, environment: Environment, name: str, stack: Stack) -> None:
    """Record a deployment of the release before, which wrote no records, so that it can be restored."""
    if compute_version(stack.parameters) in {each.version for each in load_records(bucket, name)}:
        return
    client = environment.clients("cloudformation")
    template = read_deployed_template(client, stack)
    key = bucket.put("template", ".yaml", template.text.encode())
    time = stack.changed_at or environment.now()
    record = _describe(template, key, stack, list_owned_resources(client, stack.id), time=time)
    save_record(bucket, name, Record(**record, release="unknown", commit=""))


def _describe(
    template: Template, template_key: str, stack: Stack, owned: dict[str, StackResource], *, time: datetime
) -> dict[str, Any]:
    values = template.values(stack.parameters)
    resources = template.resources(values)
    return {
        "time": f"{time:%Y-%m-%dT%H:%M:%SZ}",
        "restored": {each: values[each] for each in RESTORED if each in values},
        "handlers": list_handlers(template, values),
        "template_key": template_key,
        "parameters": {each: value for each, value in stack.parameters.items() if value != HIDDEN},
        "retained": {
            each.logical_id: (each.type, each.physical_id)
            for each in owned.values()
            if each.type in IDENTIFIERS and "Retain" in resources.get(each.logical_id, {}).get("DeletionPolicy", "")
        },
    }


def list_handlers(template: Template, values: dict[str, str]) -> dict[str, str]:
    """Return handler and runtime of each function: what its package must have."""
    return {
        name: f"{each['Properties']['Handler']} {each['Properties']['Runtime']}"
        for name, each in template.resources(values).items()
        if each["Type"] == "AWS::Lambda::Function"
    }
