"""Deploys to an account: look, show, ask, change, record."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from infra.deployment import secrets
from infra.deployment.alarms import build_rollback_configuration
from infra.deployment.change_set import build_import_list
from infra.deployment.code_bucket import CodeBucket
from infra.deployment.execution import carry_out_change
from infra.deployment.findings import Finding
from infra.deployment.parameters import Choice, describe_changes
from infra.deployment.recording import record_deployment, record_unrecorded
from infra.deployment.request import Artifacts, Environment, Request
from infra.deployment.stack import Stack, StackResource, list_resources
from infra.deployment.survey import Survey, open_code_bucket, survey_account
from infra.deployment.template import Template

TAGS = {"Project": "stride-chat"}
"""CloudFormation copies them to every resource. No version is among them: each release would update every resource."""


def deploy_to_account(request: Request, environment: Environment, artifacts: Artifacts) -> dict[str, str]:
    """Deploy the packages and the template, and return the outputs; none after a dry run or a `no`."""
    template = Template(artifacts.template.read_text(encoding="utf-8"))
    found = survey_account(request, environment, template)
    environment.report("Found:")
    _report_findings(environment, found.findings)
    found.check()
    if found.recovery:
        if not _recover(request, environment, found):
            return {}
        # The stack is another one now, so what was decided about it may be too.
        found = survey_account(request, environment, template)
        found.check()
    if request.is_dry_run and not found.has_bucket:
        return _show_first_deployment(environment, template, found.choice)
    bucket = open_code_bucket(request, environment)
    if not found.has_bucket:
        bucket.create()
    code = {
        "CodeBucket": bucket.name,
        "IngressCodeKey": bucket.upload(artifacts.packages["ingress"]),
        "WorkersCodeKey": bucket.upload(artifacts.packages["workers"]),
    }
    kept = {name: value for name, value in found.choice.kept.items() if name not in code}
    choice = replace(found.choice, set={**found.choice.set, **code}, kept=kept)
    # CloudFormation takes up to 51 200 bytes in the call itself, and a megabyte from a bucket.
    template_key = bucket.upload(artifacts.template)
    environment.report("Parameters:")
    for line in describe_changes(template, found.before, choice) or ["no change"]:
        environment.report(f"  {line}")
    environment.report("Plan:")
    change = _Change(request, environment, bucket, template, template_key, choice)
    if found.stack:
        if not request.is_dry_run:
            record_unrecorded(bucket, environment, request.stack, found.stack)
        result = change.update(found.owned, found.stack.tags)
    else:
        result = change.create(found)
    if result is None:
        return dict(found.stack.outputs) if found.stack and not request.is_dry_run else {}
    _protect(environment, result)
    record_deployment(
        bucket, environment, name=request.stack, template=template, template_key=template_key, stack=result
    )
    return dict(result.outputs)


@dataclass(frozen=True)
class _Change:
    """The change that was decided, and the ways to make it."""

    request: Request
    environment: Environment
    bucket: CodeBucket
    template: Template
    template_key: str
    choice: Choice

    def update(
        self, owned: Mapping[str, StackResource], tags: Mapping[str, str], *, question: str = "Deploy this?"
    ) -> Stack | None:
        """Update a stack that has these resources and tags; tags that somebody has added stay."""
        clients = self.environment.clients
        kept = self.template.resources(self.choice.values(self.template))
        alarms, findings = build_rollback_configuration(clients, owned, kept, minutes=self.request.watch_minutes)
        _report_findings(self.environment, findings)
        arguments = {
            **self._arguments(self.template_key),
            "Tags": _list_tags({**tags, **TAGS}),
            "RollbackConfiguration": alarms,
        }
        keys = [each.physical_id for each in owned.values() if each.type == "AWS::SecretsManager::Secret"]
        before = secrets.read_current_versions(clients, keys)
        result = carry_out_change(self.request, self.environment, kind="UPDATE", arguments=arguments, question=question)
        if result is not None:
            _report_findings(
                self.environment, secrets.find_changed_values(before, secrets.read_current_versions(clients, keys))
            )
        return result

    def create(self, found: Survey) -> Stack | None:
        """Create the stack; what was retained is imported first, and then everything else is added.

        An import may neither change nor create anything beside, nor have outputs or tags
        (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-manually.html).
        """
        imports = found.adoption.imports
        if not imports:
            arguments = {**self._arguments(self.template_key), "Tags": _list_tags(TAGS)}
            return carry_out_change(self.request, self.environment, kind="CREATE", arguments=arguments)
        names = {logical_id for _, logical_id, _ in imports}
        key = self.bucket.put("import", ".json", self.template.only(names).encode())
        arguments = {**self._arguments(key), "ResourcesToImport": build_import_list(imports)}
        others = self.template.resources(self.choice.values(self.template)).keys() - names
        question = f"Import these, and then add the other {len(others)} resources?"
        imported = carry_out_change(
            self.request, self.environment, kind="IMPORT", arguments=arguments, question=question
        )
        if imported is None:
            return None
        self.environment.report("Imported. The rest:")
        rest = replace(self, choice=Choice({}, dict(self.choice.set)))
        return rest.update(list_resources(self.environment.clients("cloudformation"), imported.id), {}, question="")

    def _arguments(self, template_key: str) -> dict[str, Any]:
        return {"TemplateURL": self.bucket.url(template_key), "Parameters": self.choice.request()}


def _list_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": name, "Value": value} for name, value in sorted(tags.items())]


def _report_findings(environment: Environment, findings: list[Finding] | tuple[Finding, ...]) -> None:
    for finding in findings:
        for line in finding.describe():
            environment.report(line)


def _recover(request: Request, environment: Environment, found: Survey) -> bool:
    """Carry out what has to happen first; False if it is not wanted."""
    if found.recovery is None:
        return True
    for line in found.recovery.explanation:
        environment.report(line)
    if request.is_dry_run:
        environment.report("Dry run: what comes after that can't be shown before it has happened.")
        return False
    if not environment.confirm("Do this first?"):
        return False
    found.recovery.carry_out()
    return True


def _show_first_deployment(environment: Environment, template: Template, choice: Choice) -> dict[str, str]:
    """Show what the template has: a change set would need the code bucket, and a dry run creates nothing."""
    resources = template.resources(choice.values(template))
    for name, each in sorted(resources.items()):
        environment.report(f"  + {name} ({each['Type']})")
    environment.report(f"  {len(resources)} to add. Dry run: nothing was changed.")
    return {}


def _protect(environment: Environment, stack: Stack) -> None:
    if not stack.is_protected:
        environment.clients("cloudformation").update_termination_protection(
            StackName=stack.id, EnableTerminationProtection=True
        )
        environment.report("The stack is protected from deletion now.")
