"""Deploys to an account: look, show, ask, change, record."""

from dataclasses import replace

from infra.deployment.cloudformation.recovery import carry_out_recovery
from infra.deployment.cloudformation.stack import Stack
from infra.deployment.cloudformation.stack_change import StackChange
from infra.deployment.code_bucket import open_code_bucket
from infra.deployment.errors import after_deployment
from infra.deployment.findings import report_findings
from infra.deployment.parameters import Choice, describe_changes
from infra.deployment.request import Artifacts, Environment, Request
from infra.deployment.survey import survey_account
from infra.deployment.template import Template
from infra.deployment.versions.recording import record_deployment, record_unrecorded


def deploy_to_account(request: Request, environment: Environment, artifacts: Artifacts) -> dict[str, str]:
    """Deploy the packages and the template, and return the outputs; none after a dry run or a `no`."""
    template = Template(artifacts.template.read_text(encoding="utf-8"))
    found = survey_account(request, environment, template)
    environment.report("Found:")
    report_findings(environment.report, found.findings)
    found.check()
    if found.recovery:
        if not carry_out_recovery(environment, found.recovery, is_dry_run=request.is_dry_run):
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
    change = StackChange(request, environment, bucket, template, template_key, choice)
    imports = found.adoption.imports
    if found.stack:
        if not request.is_dry_run:
            record_unrecorded(bucket, environment, request.stack, found.stack)
        result = change.import_and_update(found.stack, found.owned, imports)
    else:
        result = change.create(imports)
    if result is None:
        return dict(found.stack.outputs) if found.stack and not request.is_dry_run else {}
    with after_deployment("Deploy again: that changes nothing more, and records it"):
        _protect(environment, result)
        record_deployment(
            bucket, environment, name=request.stack, template=template, template_key=template_key, stack=result
        )
    return dict(result.outputs)


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
