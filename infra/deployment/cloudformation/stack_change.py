"""Creates or updates the stack, after importing what exists already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from infra.deployment import secrets
from infra.deployment.cloudformation.alarms import build_rollback_configuration
from infra.deployment.cloudformation.change_set import build_import_list
from infra.deployment.cloudformation.execution import carry_out_change
from infra.deployment.cloudformation.import_template import add_imported_resources
from infra.deployment.cloudformation.stack import Stack, StackResource, list_owned_resources, read_deployed_template
from infra.deployment.code_bucket import CodeBucket
from infra.deployment.findings import report_findings
from infra.deployment.parameters import Choice
from infra.deployment.request import Environment, Request
from infra.deployment.template import Template

TAGS = {"Project": "stride-chat"}
"""CloudFormation copies them to every resource. No version is among them: each release would update every resource."""

Imports = Sequence[tuple[str, str, str]]
"""(type, logical id, physical id)"""


@dataclass(frozen=True)
class StackChange:
    """The change that was decided, and the ways to make it.

    An import may neither change nor create anything beside, nor have outputs or tags
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-manually.html). So it comes first.
    """

    request: Request
    environment: Environment
    bucket: CodeBucket
    template: Template
    template_key: str
    choice: Choice

    def create(self, imports: Imports) -> Stack | None:
        """Create the stack with what was retained, and then add everything else; one question is about both."""
        names = {logical_id for _, logical_id, _ in imports}
        if not names:
            arguments = {**self._arguments(), "Tags": _list_tags(TAGS)}
            return carry_out_change(self.request, self.environment, kind="CREATE", arguments=arguments)
        others = self.template.resources(self.choice.values(self.template)).keys() - names
        question = f"Import these, and then add the other {len(others)} resources?"
        if self.request.is_dry_run:
            self.environment.report(f"These are imported first, and then the other {len(others)} resources are added:")
        text = self.template.only(names)
        imported = self._import(text, imports, self.choice.request(), question=question)
        if imported is None:
            return None
        self.environment.report("Imported. The rest:")
        rest = replace(self, choice=Choice({}, dict(self.choice.set)))
        return rest.update(self._list_resources(imported), {}, question="")

    def import_and_update(self, stack: Stack, owned: Mapping[str, StackResource], imports: Imports) -> Stack | None:
        """Import what no stack owns into the stack, and then update it, with a plan and a question for each."""
        names = [logical_id for _, logical_id, _ in imports]
        if not names:
            return self.update(owned, stack.tags)
        if self.request.is_dry_run:
            self.environment.report("These are imported first. What changes after that is shown then:")
        deployed = read_deployed_template(self.environment.clients("cloudformation"), stack)
        text = add_imported_resources(deployed, self.template, names, self.choice.values(self.template))
        kept = Choice({}, stack.parameters)
        imported = self._import(text, imports, kept.request(), question="Import these first?")
        if imported is None:
            return None
        self.environment.report("Imported. The update:")
        return self.update(self._list_resources(imported), stack.tags)

    def update(
        self, owned: Mapping[str, StackResource], tags: Mapping[str, str], *, question: str = "Deploy this?"
    ) -> Stack | None:
        """Update a stack that has these resources and tags; tags that somebody has added stay."""
        clients = self.environment.clients
        kept = self.template.resources(self.choice.values(self.template))
        alarms, findings = build_rollback_configuration(clients, owned, kept, minutes=self.request.watch_minutes)
        report_findings(self.environment.report, findings)
        arguments = {
            **self._arguments(),
            "Tags": _list_tags({**tags, **TAGS}),
            "RollbackConfiguration": alarms,
        }
        keys = [each.physical_id for each in owned.values() if each.type == "AWS::SecretsManager::Secret"]
        before = secrets.read_current_versions(clients, keys)
        result = carry_out_change(self.request, self.environment, kind="UPDATE", arguments=arguments, question=question)
        if result is not None:
            after = secrets.read_current_versions(clients, keys)
            report_findings(self.environment.report, secrets.find_changed_values(before, after))
        return result

    def _import(self, text: str, imports: Imports, parameters: list[dict[str, Any]], *, question: str) -> Stack | None:
        key = self.bucket.put("import", ".json", text.encode())
        arguments = {
            "TemplateURL": self.bucket.url(key),
            "Parameters": parameters,
            "ResourcesToImport": build_import_list(imports),
        }
        return carry_out_change(self.request, self.environment, kind="IMPORT", arguments=arguments, question=question)

    def _list_resources(self, stack: Stack) -> dict[str, StackResource]:
        return list_owned_resources(self.environment.clients("cloudformation"), stack.id)

    def _arguments(self) -> dict[str, Any]:
        return {"TemplateURL": self.bucket.url(self.template_key), "Parameters": self.choice.request()}


def _list_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": name, "Value": value} for name, value in sorted(tags.items())]
