"""Deploys to an emulator: the same template and parameters, without probes, plan or question."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.aws import Target
from infra.deployment.cloudformation.failure import describe_failure
from infra.deployment.cloudformation.recovery import NEVER_CREATED
from infra.deployment.cloudformation.stack import SUCCEEDED, find_stack
from infra.deployment.cloudformation.waiting import wait_for_stack
from infra.deployment.code_bucket import CodeBucket
from infra.deployment.constraints import check_values
from infra.deployment.errors import DeployError, error_message
from infra.deployment.parameters import check_names, choose_parameters
from infra.deployment.template import Template

_POLL_SECONDS = 0.05


def deploy_to_emulator(
    target: Target, *, stack: str, parameters: Mapping[str, str], packages: Mapping[str, Path], template: Path
) -> dict[str, str]:
    """Upload packages and template, put the stack and return its outputs.

    `packages` maps a package's name to its archive; `workers` is not needed when pools are the workers.
    """
    name = f"{stack}-code-local-{target.region}".lower()
    bucket = CodeBucket(target.client("s3"), name, target.region, target.endpoint_url)
    if not bucket.exists():
        bucket.create()
    keys = {name: bucket.upload(path) for name, path in packages.items()}
    values = {
        **parameters,
        "CodeBucket": bucket.name,
        "IngressCodeKey": keys["ingress"],
        **({"WorkersCodeKey": keys["workers"]} if "workers" in keys else {}),
        "LocalEndpoint": str(target.endpoint_url),
    }
    outputs = put_stack(
        target.client("cloudformation"),
        name=stack,
        template=Template(template.read_text(encoding="utf-8")),
        url=bucket.url(bucket.upload(template)),
        parameters=values,
    )
    # The emulator ignores this setting of the template.
    _enable_time_to_live(target.client("dynamodb"), outputs)
    return outputs


def put_stack(
    client: Any, *, name: str, template: Template, url: str | None = None, parameters: Mapping[str, str]
) -> dict[str, str]:
    """Create or update the stack, wait for it and return its outputs; a creation that failed is repeated."""
    check_names(template, parameters)
    check_values(template, parameters)
    before = find_stack(client, name)
    if before and before.status in NEVER_CREATED:
        client.delete_stack(StackName=name)
        wait_for_stack(client, before.id, poll_seconds=_POLL_SECONDS)
        before = None
    choice = choose_parameters(template, previous=before.parameters if before else {}, values=parameters)
    request = {
        "StackName": name,
        **({"TemplateURL": url} if url else {"TemplateBody": template.text}),
        "Parameters": choice.request(),
        "Capabilities": ["CAPABILITY_IAM"],
    }
    try:
        answer = client.update_stack(**request) if before else client.create_stack(**request)
    except ClientError as error:
        # CloudFormation has the same code, `ValidationError`, for this and for an invalid template.
        if before and "No updates are to be performed" in error_message(error):
            return dict(before.outputs)
        raise DeployError(f"CloudFormation refused the template: {error_message(error)}") from error
    stack = wait_for_stack(client, answer["StackId"], poll_seconds=_POLL_SECONDS)
    if stack is None or stack.status not in SUCCEEDED:
        raise DeployError(describe_failure(client, answer["StackId"], stack))
    return dict(stack.outputs)


def _enable_time_to_live(dynamodb: Any, outputs: Mapping[str, str]) -> None:
    for name, table in outputs.items():
        if not name.endswith("Table"):
            continue
        state = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        if state.get("TimeToLiveStatus") != "ENABLED":
            dynamodb.update_time_to_live(
                TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"}
            )
