"""Decides what a stack does with resources that exist already: import them, use them, or stop."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from infra.deployment.change_set import IDENTIFIERS
from infra.deployment.errors import DeployError
from infra.deployment.existing import exists, find_owner, is_being_deleted, read_keys, read_table_keys
from infra.deployment.findings import Clients, Finding, Verdict, run_probe
from infra.deployment.retained import Remains
from infra.deployment.stack import StackResource
from infra.deployment.template import Template

USED_BY_PARAMETER = {
    "AppointmentsTable": "CreateAppointmentsTable",
    "Sender": "CreateSenderIdentity",
    "SenderDomain": "CreateSenderIdentity",
}
"""Resources that may belong to somebody else, with the parameter that says whether this stack creates its own."""

_TABLE = "AWS::DynamoDB::Table"


@dataclass
class Adoption:
    """What was decided, and the findings that say so."""

    parameters: dict[str, str] = field(default_factory=dict)
    imports: list[tuple[str, str, str]] = field(default_factory=list)
    """(type, logical id, physical id)"""
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class Question:
    """What the decision is made from."""

    clients: Clients
    template: Template
    values: Mapping[str, str]
    """The value of every parameter, without the decisions."""
    named: Mapping[str, str]
    """The parameters that were named on the command line: they are never decided here."""


def decide_adoption(
    question: Question, *, owned: Mapping[str, StackResource] | None, remains: Remains, named_imports: Mapping[str, str]
) -> Adoption:
    """Decide for every resource of the template that could exist already and is not in the stack.

    `owned` are the resources of the stack; None if there is no stack.
    """
    adoption = Adoption()
    wanted = _could_exist(question)
    if unknown := set(named_imports) - set(wanted):
        raise DeployError(
            f"--import {', '.join(sorted(unknown))}: the template has no such resource that can be imported. It has"
            f" {', '.join(sorted(wanted))}"
        )
    if owned is not None and named_imports:
        raise DeployError(
            "--import is for a stack that does not exist: CloudFormation imports nothing together with a change"
        )
    for logical_id, kind in sorted(wanted.items()):
        if owned is not None and logical_id in owned and not _gets_another_name(question, owned[logical_id]):
            continue
        known = named_imports.get(logical_id) or remains.resources.get(logical_id, ("", ""))[1]
        candidate = _Candidate.of(question, logical_id, kind, known)
        if candidate is None:
            continue
        if candidate.is_ours and candidate.declared_name not in {None, candidate.physical_id}:
            adoption.findings.append(_has_another_name(candidate))
            continue
        adoption.findings += _examine(question, candidate, adoption, is_update=owned is not None)
    return adoption


@dataclass(frozen=True)
class _Candidate:
    """A resource that may exist."""

    logical_id: str
    kind: str
    physical_id: str
    declared_name: str | None
    """The name in the template; None where CloudFormation makes one up."""
    is_ours: bool
    """Whether a stack of this name has had it, or it was named."""

    @classmethod
    def of(cls, question: Question, logical_id: str, kind: str, known: str) -> "_Candidate | None":
        """Return what the template names, or what was known of a deleted stack; None if neither."""
        name = _declared_name(question, logical_id)
        if name and name != known and logical_id in USED_BY_PARAMETER:
            # Another table of appointments or another sender is wanted now.
            known = ""
        physical_id = known or name
        return cls(logical_id, kind, physical_id, name, is_ours=bool(known)) if physical_id else None


def _could_exist(question: Question) -> dict[str, str]:
    """Return the types by logical id of the resources that could exist, also if a parameter turns them off."""
    switched_on = {**question.values}
    for parameter in USED_BY_PARAMETER.values():
        if parameter in question.template.parameters and parameter not in question.named:
            switched_on[parameter] = "true"
    resources = question.template.resources(switched_on)
    return {name: each["Type"] for name, each in resources.items() if each["Type"] in IDENTIFIERS}


def _declared_name(question: Question, logical_id: str) -> str | None:
    resource = question.template.content["Resources"][logical_id]
    expression = resource.get("Properties", {}).get(IDENTIFIERS[resource["Type"]])
    return question.template.resolve(expression, question.values)


def _gets_another_name(question: Question, resource: StackResource) -> bool:
    if resource.logical_id not in USED_BY_PARAMETER:
        return False
    name = _declared_name(question, resource.logical_id)
    return name is not None and name != resource.physical_id


def _examine(question: Question, candidate: _Candidate, adoption: Adoption, *, is_update: bool) -> list[Finding]:
    permission = f"describing {candidate.kind} and cloudformation:DescribeStackResources"
    decide = partial(_decide, question, candidate, adoption, is_update=is_update)
    findings = run_probe(candidate.logical_id, permission, decide)
    if candidate.is_ours and any(each.verdict is Verdict.UNKNOWN for each in findings):
        # A new secret or bucket has another name, so CloudFormation would create it without a word.
        found = f"{candidate.physical_id} was retained, and can't be looked at"
        action = f"Allow {permission}."
        return [*findings, Finding(candidate.logical_id, Verdict.BLOCKED, found, "A new one would be empty.", action)]
    return findings


def _decide(question: Question, candidate: _Candidate, adoption: Adoption, *, is_update: bool) -> list[Finding]:
    clients, subject, physical_id = question.clients, candidate.logical_id, candidate.physical_id
    parameter = USED_BY_PARAMETER.get(subject)
    is_decided = parameter is None or parameter in question.named or parameter not in question.template.parameters
    if not exists(clients, candidate.kind, physical_id):
        if parameter and not is_decided:
            adoption.parameters[parameter] = "true"
        if candidate.is_ours:
            return [Finding(subject, Verdict.NOTE, f"{physical_id} is gone", "A new one is created.")]
        return []
    if stack := find_owner(clients, physical_id):
        if parameter and not is_decided:
            adoption.parameters[parameter] = "false"
            return [_used_of_another_stack(candidate, stack)]
        return [_of_another_stack(subject, physical_id, stack)]
    if problem := _cannot_be_used(question, candidate):
        return [problem]
    if parameter and not is_decided and (is_update or not candidate.is_ours):
        adoption.parameters[parameter] = "false"
        meaning = "No stack owns it. It is used, not created, and stays outside of this stack."
        return [Finding(subject, Verdict.OK, f"{physical_id} exists", meaning)]
    if is_update:
        return [
            Finding(
                subject,
                Verdict.BLOCKED,
                f"{physical_id} exists, and no stack owns it",
                "CloudFormation creates no second one, so the update would fail and be rolled back.",
                f"Import it into the stack in the console (Import resources), or rename {physical_id}.",
            )
        ]
    if parameter and not is_decided:
        adoption.parameters[parameter] = "true"
    adoption.imports.append((candidate.kind, subject, physical_id))
    meaning = "It was retained: it is imported with its content." if candidate.is_ours else "It is imported."
    return [Finding(subject, Verdict.OK, f"{physical_id} exists, and no stack owns it", meaning)]


def _cannot_be_used(question: Question, candidate: _Candidate) -> Finding | None:
    subject, physical_id = candidate.logical_id, candidate.physical_id
    if candidate.kind == "AWS::SecretsManager::Secret" and is_being_deleted(question.clients, physical_id):
        return Finding(
            subject,
            Verdict.BLOCKED,
            f"{physical_id} is scheduled for deletion",
            "With a new secret, tokens, links and encrypted payloads made before could not be read.",
            f"aws secretsmanager restore-secret --secret-id {physical_id}",
        )
    if candidate.kind == _TABLE:
        found = read_table_keys(question.clients, physical_id)
        wanted = read_keys(question.template.content["Resources"][subject]["Properties"])
        if found != wanted:
            return Finding(
                subject,
                Verdict.BLOCKED,
                f"the table {physical_id} has the keys {_keys(found or [])}",
                f"Needed are {_keys(wanted)}: every access would fail with"
                " `The provided key element does not match the schema`.",
                "Name another table (AppointmentsTableName), or another Prefix.",
            )
    return None


def _has_another_name(candidate: _Candidate) -> Finding:
    return Finding(
        candidate.logical_id,
        Verdict.BLOCKED,
        f"{candidate.physical_id} was retained, and the parameters name {candidate.declared_name}",
        "The new stack would begin with an empty one.",
        "Deploy with the Prefix of before, or as another --stack.",
    )


def _used_of_another_stack(candidate: _Candidate, stack: str) -> Finding:
    found = f"{candidate.physical_id} belongs to the stack {_name(stack)}"
    if candidate.kind != _TABLE:
        return Finding(candidate.logical_id, Verdict.NOTE, found, "It is used, not created.")
    return Finding(
        candidate.logical_id,
        Verdict.WARNING,
        found,
        "It is used, not created: two installations share its rows.",
        "Name another AppointmentsTableName for a table of its own.",
    )


def _of_another_stack(subject: str, physical_id: str, stack: str) -> Finding:
    return Finding(
        subject,
        Verdict.BLOCKED,
        f"{physical_id} belongs to the stack {_name(stack)}",
        "A resource belongs to one stack.",
        "Choose another Prefix (and AppointmentsTableName) for this stack.",
    )


def _name(stack_id: str) -> str:
    return stack_id.split("/")[1] if "/" in stack_id else stack_id


def _keys(keys: list[tuple[str, str]]) -> str:
    return ", ".join(f"{name} ({kind})" for name, kind in sorted(keys, key=lambda each: each[1])) or "none"
