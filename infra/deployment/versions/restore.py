"""Restores code and model of an earlier deployment: `make deploy VERSION=previous`."""

from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from infra.deployment.cloudformation.alarms import NO_ROLLBACK_ON_ALARM
from infra.deployment.cloudformation.execution import carry_out_change
from infra.deployment.cloudformation.recovery import carry_out_recovery, plan_recovery
from infra.deployment.cloudformation.stack import Stack, find_stack, read_deployed_template
from infra.deployment.code_bucket import CodeBucket, open_code_bucket
from infra.deployment.errors import DeployError, after_deployment
from infra.deployment.parameters import choose_parameters, describe_changes
from infra.deployment.request import Environment, Request
from infra.deployment.request_check import check_parameters
from infra.deployment.template import Template
from infra.deployment.versions.profiles import find_refused_profiles, read_profiles
from infra.deployment.versions.recording import list_handlers, record_deployment
from infra.deployment.versions.records import Record, choose_version, list_versions, load_records


def show_versions(request: Request, environment: Environment) -> None:
    """Show the versions that can be restored, the newest last."""
    bucket = open_code_bucket(request, environment)
    records = load_records(bucket, request.stack) if bucket.exists() else []
    for record in list_versions(records):
        environment.report(record.describe())
    if not records:
        environment.report("no deployment is recorded")


def restore_version(request: Request, environment: Environment, version: str) -> dict[str, str]:
    """Deploy the packages and the model of an earlier deployment, and return the outputs.

    The template stays the deployed one: queues, tables and addresses are not touched, and queued messages wait for the
    restored code. Only if that code has other handlers is it deployed with its own template.
    """
    client = environment.clients("cloudformation")
    stack = _find_updatable_stack(request, environment)
    bucket = open_code_bucket(request, environment)
    if not bucket.exists():
        raise DeployError("no deployment is recorded: there is no code bucket")
    records = load_records(bucket, request.stack)
    record = choose_version(records, version, stack.parameters)
    environment.report(f"Restoring {record.describe()}")
    _check_packages(bucket, record)
    template = read_deployed_template(client, stack)
    source: dict[str, Any] = {"UsePreviousTemplate": True}
    if not _fits(template, stack, record):
        environment.report(
            "Its functions have other handlers than the deployed template: its template is deployed too."
        )
        template = Template(bucket.get(record.template_key).decode())
        source = {"TemplateURL": bucket.url(record.template_key)}
    check_parameters(template, request, is_emulator=environment.endpoint_url is not None)
    choice = choose_parameters(template, previous=stack.parameters, values={**record.restored, **request.parameters})
    for line in describe_changes(template, stack.parameters, choice):
        environment.report(f"  {line}")
    if not _accepts_profiles(request, environment, bucket, record, stack):
        return {}
    arguments: dict[str, Any] = {
        **source,
        "Parameters": choice.request(),
        # Alarms may be the reason for going back.
        "RollbackConfiguration": NO_ROLLBACK_ON_ALARM,
    }
    environment.report("Plan:")
    result = carry_out_change(
        request, environment, kind="UPDATE", arguments=arguments, question="Restore this version?"
    )
    if result is None:
        return {} if request.is_dry_run else dict(stack.outputs)
    with after_deployment("The version is restored: do not restore `previous` again, which would be the one before it"):
        record_deployment(
            bucket,
            replace(environment, release=record.release, commit=record.commit),
            name=request.stack,
            template=template,
            template_key=bucket.put("template", ".yaml", template.text.encode()),
            stack=result,
        )
    return dict(result.outputs)


def _find_updatable_stack(request: Request, environment: Environment) -> Stack:
    """Return the stack, after what has to happen first."""
    client = environment.clients("cloudformation")
    stack = find_stack(client, request.stack)
    if stack is None:
        raise DeployError(f"there is no stack {request.stack}: deploy it first")
    recovery = plan_recovery(request, environment, stack)
    if recovery is None:
        return stack
    if recovery.deletes:
        raise DeployError(f"the stack is {stack.status}: it was never deployed successfully")
    if not carry_out_recovery(environment, recovery, is_dry_run=request.is_dry_run):
        raise DeployError("nothing was changed")
    return stack


def _check_packages(bucket: CodeBucket, record: Record) -> None:
    for name in ("IngressCodeKey", "WorkersCodeKey"):
        key = record.restored.get(name, "")
        if key and not bucket.has(key):
            raise DeployError(f"the package {key} of that version is no longer in {bucket.name}")


def _fits(template: Template, stack: Stack, record: Record) -> bool:
    needed = list_handlers(template, template.values(stack.parameters))
    return all(record.handlers.get(name) == handler for name, handler in needed.items())


def _accepts_profiles(
    request: Request, environment: Environment, bucket: CodeBucket, record: Record, stack: Stack
) -> bool:
    """List the profiles that the restored release refuses, and ask."""
    try:
        profiles = read_profiles(environment.clients, stack.outputs["KnowledgeBucket"])
        refused = find_refused_profiles(bucket.get(record.restored["IngressCodeKey"]), profiles)
    except (DeployError, ClientError) as error:
        environment.report(f"The profiles can't be checked: {error}")
        return request.is_dry_run or environment.confirm("Restore without knowing whether the profiles are read?")
    if not refused:
        environment.report(f"{len(profiles)} profiles are read by that version")
        return True
    environment.report("That version refuses these profiles, and would start without these businesses:")
    for tenant, problem in sorted(refused.items()):
        environment.report(f"  {tenant}: {problem}")
    return request.is_dry_run or environment.confirm("Restore although they are refused?")
