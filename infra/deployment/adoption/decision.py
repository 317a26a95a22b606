"""Decides what a stack does with resources that exist already: import them, use them, or stop."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial

from infra.deployment.adoption import obstacles
from infra.deployment.adoption.candidates import Candidate, WantedResources, find_candidate
from infra.deployment.adoption.lookup import exists, find_owner, is_being_deleted, read_keys, read_table_keys
from infra.deployment.adoption.remains import Remains
from infra.deployment.cloudformation.stack import StackResource
from infra.deployment.errors import DeployError
from infra.deployment.findings import Clients, Finding, Verdict, run_probe


@dataclass
class Adoption:
    """What was decided, and the findings that say so."""

    parameters: dict[str, str] = field(default_factory=dict)
    imports: list[tuple[str, str, str]] = field(default_factory=list)
    """(type, logical id, physical id)"""
    findings: list[Finding] = field(default_factory=list)


def decide_adoption(
    clients: Clients,
    wanted: WantedResources,
    *,
    owned: Mapping[str, StackResource] | None,
    remains: Remains,
    named_imports: Mapping[str, str],
) -> Adoption:
    """Decide for every resource of the template that could exist already and is not in the stack.

    `owned` are the resources of the stack; None if there is no stack.
    """
    importable = wanted.importable()
    _check_named_imports(named_imports, importable, owned or {})
    adoption = Adoption()
    decision = _Decision(clients, wanted, owned, adoption, set(named_imports))
    for logical_id, kind in sorted(importable.items()):
        if owned and logical_id in owned and not wanted.gets_another_name(owned[logical_id]):
            continue
        known = named_imports.get(logical_id) or remains.resources.get(logical_id, ("", ""))[1]
        candidate = find_candidate(wanted, logical_id, kind, known)
        if candidate is not None:
            adoption.findings += decision.examine(candidate)
    return adoption


def _check_named_imports(
    named: Mapping[str, str], importable: Mapping[str, str], owned: Mapping[str, StackResource]
) -> None:
    if unknown := set(named) - set(importable):
        raise DeployError(
            f"--import {', '.join(sorted(unknown))}: the template has no such resource that can be imported. It has"
            f" {', '.join(sorted(importable))}"
        )
    for name in sorted(name for name, physical_id in named.items() if not physical_id):
        raise DeployError(f"--import {name}=: the id is missing")
    for name in sorted(set(named) & set(owned)):
        raise DeployError(f"--import {name}: the stack has one already, {owned[name].physical_id}")


@dataclass(frozen=True)
class _Decision:
    """Decides about one candidate after the other."""

    clients: Clients
    wanted: WantedResources
    owned: Mapping[str, StackResource] | None
    adoption: Adoption
    named: Collection[str]
    """The resources that `--import` names."""

    def examine(self, candidate: Candidate) -> list[Finding]:
        if candidate.has_another_name:
            return [obstacles.has_another_name(candidate)]
        permission = f"describing {candidate.kind} and cloudformation:DescribeStackResources"
        findings = run_probe(candidate.logical_id, permission, partial(self._decide, candidate))
        if candidate.is_ours and any(each.verdict is Verdict.UNKNOWN for each in findings):
            return [*findings, obstacles.cannot_be_looked_at(candidate, permission)]
        return findings

    def _decide(self, candidate: Candidate) -> list[Finding]:
        subject, physical_id = candidate.logical_id, candidate.physical_id
        parameter = self.wanted.parameter_to_decide(subject)
        if not exists(self.clients, candidate.kind, physical_id):
            if subject in self.named:
                return [obstacles.is_not_there(candidate)]
            self._set(parameter, "true")
            if candidate.is_ours:
                return [Finding(subject, Verdict.NOTE, f"{physical_id} is gone", "A new one is created.")]
            return []
        if stack := find_owner(self.clients, physical_id):
            self._set(parameter, "false")
            if parameter:
                return [obstacles.is_used_of_another_stack(candidate, stack)]
            return [obstacles.belongs_to_another_stack(candidate, stack)]
        if problem := self._find_problem(candidate):
            return [problem]
        if parameter and (self.owned is not None or not candidate.is_ours):
            self._set(parameter, "false")
            meaning = "No stack owns it. It is used, not created, and stays outside of this stack."
            return [Finding(subject, Verdict.OK, f"{physical_id} exists", meaning)]
        if self.owned and subject in self.owned:
            return [obstacles.replaces_owned(candidate, self.owned[subject])]
        self._set(parameter, "true")
        self.adoption.imports.append((candidate.kind, subject, physical_id))
        meaning = "It was retained: it is imported with its content." if candidate.is_ours else "It is imported."
        return [Finding(subject, Verdict.OK, f"{physical_id} exists, and no stack owns it", meaning)]

    def _set(self, parameter: str | None, value: str) -> None:
        if parameter:
            self.adoption.parameters[parameter] = value

    def _find_problem(self, candidate: Candidate) -> Finding | None:
        physical_id = candidate.physical_id
        if candidate.kind == "AWS::SecretsManager::Secret" and is_being_deleted(self.clients, physical_id):
            return obstacles.is_scheduled_for_deletion(candidate)
        if candidate.kind != "AWS::DynamoDB::Table":
            return None
        found = read_table_keys(self.clients, physical_id) or []
        needed = read_keys(self.wanted.template.content["Resources"][candidate.logical_id]["Properties"])
        return None if found == needed else obstacles.has_other_keys(candidate, found, needed)
