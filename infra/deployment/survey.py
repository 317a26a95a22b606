"""Looks at the account before anything is changed, and decides the parameters and what is done with what exists."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from infra.deployment.adoption.candidates import WantedResources
from infra.deployment.adoption.decision import Adoption, decide_adoption
from infra.deployment.adoption.identity_provider import find_provider
from infra.deployment.adoption.remains import Remains, find_remains
from infra.deployment.cloudformation.recovery import Recovery, plan_recovery
from infra.deployment.cloudformation.stack import Stack, StackResource, find_stack, list_owned_resources
from infra.deployment.code_bucket import open_code_bucket
from infra.deployment.concurrency import reserve_concurrency
from infra.deployment.errors import DeployError
from infra.deployment.findings import Finding, Verdict
from infra.deployment.parameters import Choice, check_known, choose_parameters
from infra.deployment.probes import probe_account
from infra.deployment.request import Environment, Request
from infra.deployment.request_check import OWN_PARAMETERS, check_parameters
from infra.deployment.template import Template
from infra.deployment.versions.records import Record, load_records


@dataclass(frozen=True)
class Survey:
    """What was found and decided."""

    stack: Stack | None
    """The stack that is updated; None if one is created."""
    recovery: Recovery | None
    """What has to happen before."""
    owned: Mapping[str, StackResource]
    before: Mapping[str, str]
    """The parameters of the stack, or of the deleted one."""
    has_bucket: bool
    choice: Choice
    adoption: Adoption
    findings: tuple[Finding, ...]

    def check(self) -> None:
        """Refuse what would fail or lose something."""
        if any(finding.verdict is Verdict.BLOCKED for finding in self.findings):
            raise DeployError("nothing was changed: see what is marked BLOCKED")


def survey_account(request: Request, environment: Environment, template: Template) -> Survey:
    """Ask the account; this changes nothing.

    Raises:
        DeployError: a parameter is unknown or has no valid value, or the stack can't be deployed in its state.
    """
    check_parameters(template, request, is_emulator=environment.endpoint_url is not None)
    client = environment.clients("cloudformation")
    found = find_stack(client, request.stack)
    recovery = plan_recovery(request, environment, found) if found else None
    stack = None if recovery and recovery.deletes else found
    owned = list_owned_resources(client, stack.id) if stack else {}
    _check_named_resources(request, {*template.content.get("Resources", {}), *owned}, stack=found)
    bucket = open_code_bucket(request, environment)
    has_bucket = bucket.exists()
    records = load_records(bucket, request.stack) if has_bucket else []
    remains = _look_for_remains(request, environment, template, stack=stack, owned=owned, records=records)
    choice, adoption = _decide(request, environment, template, stack=stack, owned=owned, remains=remains)
    return Survey(
        stack=stack,
        recovery=recovery,
        owned=owned,
        before=stack.parameters if stack else remains.parameters,
        has_bucket=has_bucket,
        choice=choice,
        adoption=adoption,
        findings=(
            Finding("account", Verdict.OK, f"{environment.account}, region {environment.region}"),
            Finding("stack", Verdict.OK, _describe_stack(request.stack, found, records)),
            *_of_remains(remains),
            Finding("packages", Verdict.OK, f"the bucket {bucket.name} {'exists' if has_bucket else 'is created'}"),
            *adoption.findings,
            *probe_account(environment.clients, choice.values(template)),
        ),
    )


def _check_named_resources(request: Request, known: Collection[str], *, stack: Stack | None) -> None:
    """Refuse options that would have no effect, for example because a name has a typing error."""
    check_known("resource", request.replaceable, known)
    # The account is surveyed again after the rollback.
    if request.skip_rollback_of and (stack is None or not stack.status.startswith("UPDATE_ROLLBACK_")):
        raise DeployError(
            f"--skip-rollback-of {', '.join(request.skip_rollback_of)}: only for a stack that is"
            f" UPDATE_ROLLBACK_FAILED; {request.stack} {f'is {stack.status}' if stack else 'does not exist'}"
        )


def _look_for_remains(
    request: Request,
    environment: Environment,
    template: Template,
    *,
    stack: Stack | None,
    owned: Mapping[str, StackResource],
    records: Sequence[Record],
) -> Remains:
    """Return what former stacks have left; for a stack that exists, only if it may lack something of them."""
    if stack is None:
        return find_remains(environment.clients, request.stack, records)
    named = request.parameters
    values = choose_parameters(template, previous=stack.parameters, values=named).values(template)
    if not WantedResources(template, values, named).lacks_generated_name(owned):
        return Remains()
    return replace(find_remains(environment.clients, request.stack, records), parameters={}, hidden=())


def _decide(
    request: Request,
    environment: Environment,
    template: Template,
    *,
    stack: Stack | None,
    owned: Mapping[str, StackResource],
    remains: Remains,
) -> tuple[Choice, Adoption]:
    named = request.parameters
    of_before = {name: value for name, value in remains.parameters.items() if name not in OWN_PARAMETERS}
    previous = stack.parameters if stack else {}
    values = choose_parameters(template, previous=previous, values={**of_before, **named}).values(template)
    adoption = decide_adoption(
        environment.clients,
        WantedResources(template, values, named),
        owned=owned if stack else None,
        remains=remains,
        named_imports=request.imports,
    )
    imported = {logical_id for _, logical_id, _ in adoption.imports}
    provider, findings = find_provider(environment.clients, values, owned=imported | set(owned))
    reserved, reservation = reserve_concurrency(environment.clients, values, deployed=previous)
    adoption.parameters.update(provider)
    adoption.findings.extend([*findings, *reservation])
    # What is decided as it was keeps its value, so that the list of changes stays short.
    decided = {name: value for name, value in adoption.parameters.items() if values.get(name) != value}
    # `auto` is decided also where it is named.
    chosen = {**of_before, **decided, **named, **reserved}
    return choose_parameters(template, previous=previous, values=chosen), adoption


def _describe_stack(name: str, stack: Stack | None, records: Sequence[Record]) -> str:
    if stack is None:
        return f"there is no stack {name}: it is created"
    return f"{name} is {stack.status}" + (f", last deployed {records[-1].describe()}" if records else "")


def _of_remains(remains: Remains) -> list[Finding]:
    findings = list(remains.findings)
    if remains.parameters:
        meaning = "Its parameters are used again, except those that are named now."
        findings.append(Finding("deleted stack", Verdict.NOTE, f"found by {remains.source}", meaning))
    if remains.hidden:
        found = f"the values of {', '.join(remains.hidden)} went with the stack"
        findings.append(Finding("deleted stack", Verdict.WARNING, found, action="Name these parameters again."))
    return findings
