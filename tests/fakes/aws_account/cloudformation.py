"""CloudFormation in memory, with the refusals that its documentation describes."""

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from infra.deployment.template import Template
from tests.fakes.aws_account.refusal import refusal
from tests.fakes.aws_account.rendering import differences, render
from tests.fakes.aws_account.schemas import identifier, is_replaced, takes_tags
from tests.fakes.aws_account.services import Account

_NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
_UPDATABLE = {
    *("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"),
}
_RETAINED = {"Retain", "RetainExceptOnCreate"}


@dataclass
class _Resource:
    logical_id: str
    type: str
    physical_id: str
    properties: dict[str, Any]
    policy: str
    status: str = "CREATE_COMPLETE"
    reason: str = ""


@dataclass
class _Stack:
    name: str
    id: str
    statuses: list[str]
    """What the next descriptions say; the last one stays."""
    template: Template | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    resources: dict[str, _Resource] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    is_protected: bool = False
    deleted_at: datetime | None = None
    rollback: Mapping[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> str:
        return self.statuses[-1]

    def outputs(self) -> dict[str, str]:
        if self.template is None:
            return {}
        names = {name: each.physical_id for name, each in self.resources.items()}
        values = self.template.values(self.parameters)
        declared = self.template.content.get("Outputs", {})
        rendered = {name: render(each["Value"], self.template, values, names) for name, each in declared.items()}
        return {name: value for name, value in rendered.items() if isinstance(value, str)}


@dataclass
class _ChangeSet:
    id: str
    stack_id: str
    kind: str
    template: Template
    parameters: dict[str, str]
    tags: dict[str, str]
    changes: list[dict[str, Any]]
    imports: dict[str, str]
    rollback: Mapping[str, Any]
    status: str = "CREATE_COMPLETE"
    reason: str = ""


class FakeCloudFormation:
    """Stacks and change sets. `fail` makes the next operation fail at a resource."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.stacks: list[_Stack] = []
        self.change_sets: dict[str, _ChangeSet] = {}
        self._failures: dict[str, tuple[str, bool]] = {}
        self._counter = itertools.count(1)
        self._clock = datetime(2026, 11, 28, tzinfo=UTC)

    # --- For tests ----------------------------------------------------------------------------------------------------

    def fail(self, logical_id: str, reason: str, *, rollback_fails: bool = False) -> None:
        """Make the next change of a resource fail, and its rollback too."""
        self._failures[logical_id] = (reason, rollback_fails)

    def stack(self, name: str) -> _Stack:
        """Return the stack that has this name now."""
        return next(each for each in self.stacks if each.name == name and each.status != "DELETE_COMPLETE")

    def physical_ids(self, name: str) -> dict[str, str]:
        """Return the physical ids by logical id."""
        return {each.logical_id: each.physical_id for each in self.stack(name).resources.values()}

    # --- Reading ------------------------------------------------------------------------------------------------------

    def describe_stacks(self, **arguments: Any) -> dict[str, Any]:
        stack = self._find(arguments["StackName"])
        status = stack.statuses.pop(0) if len(stack.statuses) > 1 else stack.status
        return {
            "Stacks": [
                {
                    "StackName": stack.name,
                    "StackId": stack.id,
                    "StackStatus": status,
                    "Parameters": [
                        {"ParameterKey": name, "ParameterValue": "****" if self._is_hidden(stack, name) else value}
                        for name, value in stack.parameters.items()
                    ],
                    "Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in stack.outputs().items()],
                    "EnableTerminationProtection": stack.is_protected,
                    "Tags": [{"Key": name, "Value": value} for name, value in stack.tags.items()],
                    "CreationTime": self._clock,
                }
            ]
        }

    def list_stacks(self, **arguments: Any) -> dict[str, Any]:
        return {
            "StackSummaries": [
                {
                    "StackName": each.name,
                    "StackId": each.id,
                    "StackStatus": each.status,
                    "DeletionTime": each.deleted_at,
                }
                for each in self.stacks
                if each.status in arguments["StackStatusFilter"]
            ]
        }

    def list_stack_resources(self, **arguments: Any) -> dict[str, Any]:
        stack = self._find(arguments["StackName"])
        summaries = [{**_summary(each), "LastUpdatedTimestamp": self._clock} for each in stack.resources.values()]
        # Two pages, so that a reader of only the first one is noticed.
        half = len(summaries) // 2
        if "NextToken" in arguments:
            return {"StackResourceSummaries": summaries[half:]}
        return {"StackResourceSummaries": summaries[:half], "NextToken": "second"}

    def describe_stack_resources(self, **arguments: Any) -> dict[str, Any]:
        physical_id = arguments["PhysicalResourceId"]
        for stack in self.stacks:
            for each in stack.resources.values():
                if each.physical_id == physical_id and not each.status.startswith("DELETE"):
                    return {"StackResources": [{**_summary(each), "StackId": stack.id, "StackName": stack.name}]}
        raise refusal("ValidationError", f"Stack for {physical_id} does not exist")

    def describe_stack_events(self, **arguments: Any) -> dict[str, Any]:
        return {"StackEvents": list(reversed(self._find(arguments["StackName"]).events))}

    def get_template(self, **arguments: Any) -> dict[str, Any]:
        template = self._find(arguments["StackName"]).template
        assert template is not None
        return {"TemplateBody": template.text}

    # --- Change sets --------------------------------------------------------------------------------------------------

    def create_change_set(self, **arguments: Any) -> dict[str, Any]:
        name, kind = arguments["StackName"], arguments["ChangeSetType"]
        stack = next((each for each in self.stacks if each.name == name and each.status != "DELETE_COMPLETE"), None)
        if kind == "UPDATE":
            if stack is None:
                raise refusal("ValidationError", f"Stack [{name}] does not exist")
            if stack.status not in _UPDATABLE:
                raise refusal("ValidationError", f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
        elif stack is not None and stack.status != "REVIEW_IN_PROGRESS":
            raise refusal("ValidationError", f"Stack [{name}] already exists and cannot be created again")
        template = self._template(arguments, stack)
        parameters = _parameters(template, arguments["Parameters"], stack)
        tags = {each["Key"]: each["Value"] for each in arguments.get("Tags", ())}
        if kind == "IMPORT":
            _check_import(template, arguments)
        if stack is None:
            stack = self._new_stack(name)
        before = stack.tags if stack else {}
        change_set = _ChangeSet(
            id=f"arn:aws:cloudformation:eu-central-1:1:changeSet/{arguments['ChangeSetName']}/{next(self._counter)}",
            stack_id=stack.id,
            kind=kind,
            template=template,
            parameters=parameters,
            # A change set without tags keeps those of the stack.
            tags=tags if "Tags" in arguments else before,
            changes=[],
            imports={
                each["LogicalResourceId"]: next(iter(each["ResourceIdentifier"].values()))
                for each in arguments.get("ResourcesToImport", ())
            },
            rollback=arguments.get("RollbackConfiguration", {}),
        )
        change_set.changes = [{"Type": "Resource", "ResourceChange": each} for each in self._compare(stack, change_set)]
        if problem := self._import_problem(change_set):
            change_set.status, change_set.reason = "FAILED", problem
        elif not change_set.changes and parameters == stack.parameters:
            change_set.status, change_set.reason = "FAILED", _NO_CHANGES
        self.change_sets[change_set.id] = change_set
        return {"Id": change_set.id, "StackId": stack.id}

    def describe_change_set(self, **arguments: Any) -> dict[str, Any]:
        change_set = self._change_set(arguments["ChangeSetName"])
        # Two pages.
        half = len(change_set.changes) // 2
        is_second = "NextToken" in arguments
        return {
            "Status": change_set.status,
            "ExecutionStatus": "AVAILABLE" if change_set.status == "CREATE_COMPLETE" else "UNAVAILABLE",
            "StatusReason": change_set.reason,
            "Changes": change_set.changes[half:] if is_second else change_set.changes[:half],
            **({} if is_second or not change_set.changes else {"NextToken": "second"}),
        }

    def delete_change_set(self, **arguments: Any) -> dict[str, Any]:
        self._change_set(arguments["ChangeSetName"])
        del self.change_sets[arguments["ChangeSetName"]]
        return {}

    def execute_change_set(self, **arguments: Any) -> dict[str, Any]:
        change_set = self._change_set(arguments["ChangeSetName"])
        del self.change_sets[change_set.id]
        stack = self._find(change_set.stack_id)
        verb = change_set.kind
        stack.events.append(_event(stack, f"{verb}_IN_PROGRESS", "User Initiated"))
        snapshot = dict(self._account.existing)
        before = dict(stack.resources)
        failed = next(iter(self._apply(stack, change_set)), None)
        if failed is None:
            stack.template, stack.parameters = change_set.template, change_set.parameters
            stack.tags, stack.rollback = change_set.tags, change_set.rollback
            stack.statuses = [f"{verb}_IN_PROGRESS", f"{verb}_COMPLETE"]
            return {}
        logical_id, reason = failed
        rollback_fails = self._failures.pop(logical_id, ("", False))[1]
        kind = change_set.template.content["Resources"][logical_id]["Type"]
        status = "CREATE_FAILED" if logical_id not in before else "UPDATE_FAILED"
        stack.events.append({**_event(stack, status, reason), "LogicalResourceId": logical_id, "ResourceType": kind})
        self._account.existing.clear()
        self._account.existing.update(snapshot)
        stack.resources = before
        if verb == "CREATE":
            stack.template, stack.parameters = change_set.template, change_set.parameters
            stack.statuses = ["CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"]
        elif rollback_fails:
            stack.resources[logical_id].status = "UPDATE_FAILED"
            stack.resources[logical_id].reason = reason
            stack.statuses = ["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED"]
        else:
            stack.statuses = [f"{verb}_ROLLBACK_IN_PROGRESS", f"{verb}_ROLLBACK_COMPLETE"]
        return {}

    # --- Stacks -------------------------------------------------------------------------------------------------------

    def update_termination_protection(self, **arguments: Any) -> dict[str, Any]:
        self._find(arguments["StackName"]).is_protected = arguments["EnableTerminationProtection"]
        return {}

    def delete_stack(self, **arguments: Any) -> None:
        stack = self._find(arguments["StackName"])
        if stack.is_protected:
            raise refusal(
                "ValidationError", f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
            )
        for each in stack.resources.values():
            if each.policy in _RETAINED:
                each.status = "DELETE_SKIPPED"
            else:
                each.status = "DELETE_COMPLETE"
                self._account.existing.pop((each.type, each.physical_id), None)
        self._clock += timedelta(minutes=1)
        stack.deleted_at = self._clock
        stack.statuses = ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]

    def continue_update_rollback(self, **arguments: Any) -> dict[str, Any]:
        stack = self._find(arguments["StackName"])
        if stack.status != "UPDATE_ROLLBACK_FAILED":
            raise refusal("ValidationError", f"Stack {stack.id} is not in UPDATE_ROLLBACK_FAILED state")
        stack.events.append(_event(stack, "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated"))
        for each in stack.resources.values():
            if each.status != "UPDATE_FAILED":
                continue
            if each.logical_id in self._failures and each.logical_id not in arguments.get("ResourcesToSkip", ()):
                reason = self._failures[each.logical_id][0]
                event = _event(stack, "UPDATE_FAILED", reason)
                stack.events.append({**event, "LogicalResourceId": each.logical_id, "ResourceType": each.type})
                stack.statuses = ["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED"]
                return {}
            each.status, each.reason = "UPDATE_COMPLETE", ""
            self._failures.pop(each.logical_id, None)
        stack.statuses = ["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"]
        return {}

    # --- Inside -------------------------------------------------------------------------------------------------------

    def _find(self, name: str) -> _Stack:
        for each in self.stacks:
            if each.id == name or (each.name == name and each.status != "DELETE_COMPLETE"):
                return each
        raise refusal("ValidationError", f"Stack with id {name} does not exist")

    def _change_set(self, name: str) -> _ChangeSet:
        if name not in self.change_sets:
            raise refusal("ChangeSetNotFound", f"ChangeSet [{name}] does not exist")
        return self.change_sets[name]

    def _new_stack(self, name: str) -> _Stack:
        arn = f"arn:aws:cloudformation:eu-central-1:111122223333:stack/{name}/{next(self._counter)}"
        stack = _Stack(name, arn, ["REVIEW_IN_PROGRESS"])
        self.stacks.append(stack)
        return stack

    def _template(self, arguments: Mapping[str, Any], stack: _Stack | None) -> Template:
        if arguments.get("UsePreviousTemplate"):
            assert stack is not None
            assert stack.template is not None
            return stack.template
        url = urlsplit(arguments["TemplateURL"])
        assert url.hostname is not None
        body = self._account.objects.get((url.hostname.split(".")[0], url.path.removeprefix("/")))
        if body is None:
            raise refusal("ValidationError", "S3 error: The specified key does not exist.")
        return Template(body.decode())

    @staticmethod
    def _is_hidden(stack: _Stack, name: str) -> bool:
        return stack.template is not None and bool(stack.template.parameters[name].get("NoEcho"))

    @staticmethod
    def _desired(change_set: _ChangeSet) -> dict[str, _Resource]:
        values = {
            **change_set.template.values(change_set.parameters),
            "AWS::Region": "eu-central-1",
            "AWS::AccountId": "111122223333",
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
        }
        declared = change_set.template.resources(values)
        return {
            name: _Resource(
                logical_id=name,
                type=each["Type"],
                physical_id="",
                properties=render(each.get("Properties", {}), change_set.template, values, {}),
                policy=each.get("DeletionPolicy", "Delete"),
            )
            for name, each in declared.items()
        }

    def _compare(self, stack: _Stack, change_set: _ChangeSet) -> Iterator[dict[str, Any]]:
        desired = self._desired(change_set)
        for name, each in desired.items():
            if name in change_set.imports:
                yield {
                    "Action": "Import",
                    "LogicalResourceId": name,
                    "PhysicalResourceId": change_set.imports[name],
                    "ResourceType": each.type,
                }
            elif name not in stack.resources:
                yield {"Action": "Add", "LogicalResourceId": name, "ResourceType": each.type}
            elif change := _modification(stack.resources[name], each, retags=stack.tags != change_set.tags):
                yield change
        for name, each in stack.resources.items():
            if name not in desired:
                yield {
                    "Action": "Remove",
                    "LogicalResourceId": name,
                    "PhysicalResourceId": each.physical_id,
                    "ResourceType": each.type,
                    "PolicyAction": "Retain" if each.policy in _RETAINED else "Delete",
                }

    def _import_problem(self, change_set: _ChangeSet) -> str:
        for logical_id, physical_id in change_set.imports.items():
            kind = change_set.template.content["Resources"][logical_id]["Type"]
            if (kind, physical_id) not in self._account.existing:
                return f"Resource of type '{kind}' with identifier '{physical_id}' was not found."
            if any(
                (each.type, each.physical_id) == (kind, physical_id) and not each.status.startswith("DELETE")
                for stack in self.stacks
                for each in stack.resources.values()
            ):
                return f"{physical_id} already exists in another stack"
        return ""

    def _apply(self, stack: _Stack, change_set: _ChangeSet) -> Iterator[tuple[str, str]]:
        """Yield (logical id, reason) of the first resource that fails; apply all others."""
        stack.resources = {name: _copy(each) for name, each in stack.resources.items()}
        desired = self._desired(change_set)
        actions = {each["ResourceChange"]["LogicalResourceId"]: each["ResourceChange"] for each in change_set.changes}
        for name, change in actions.items():
            # A failure of a rollback happens again until it is removed.
            if name in self._failures:
                yield name, self._failures[name][0]
                return
            if change["Action"] == "Remove":
                gone = stack.resources.pop(name)
                if gone.policy not in _RETAINED:
                    self._account.existing.pop((gone.type, gone.physical_id), None)
                continue
            each = desired[name]
            if change["Action"] == "Modify" and change["Replacement"] == "False":
                each.physical_id, each.status = stack.resources[name].physical_id, "UPDATE_COMPLETE"
                stack.resources[name] = each
                continue
            each.physical_id = change_set.imports.get(name) or self._physical_id(stack, each)
            key = each.type, each.physical_id
            if key in self._account.existing and name not in change_set.imports:
                yield name, f"{each.physical_id} already exists"
                return
            self._account.existing.setdefault(key, self._content(stack, each))
            stack.resources[name] = each

    def _physical_id(self, stack: _Stack, each: _Resource) -> str:
        if each.type == "AWS::SecretsManager::Secret":
            return f"arn:aws:secretsmanager:eu-central-1:1:secret:{each.logical_id}-{next(self._counter)}"
        named = [each.properties[name] for name in identifier(each.type) if name in each.properties]
        is_known = not any("<" in name for name in named)
        if len(named) == len(identifier(each.type)) and is_known:
            return "|".join(named)
        generated = f"{stack.name}-{each.logical_id}-{next(self._counter)}"
        return generated.lower() if each.type == "AWS::S3::Bucket" else generated

    def _content(self, stack: _Stack, each: _Resource) -> dict[str, Any]:
        content: dict[str, Any] = {"stack": stack.name, "logical_id": each.logical_id}
        if each.type == "AWS::DynamoDB::Table":
            return {"KeySchema": each.properties["KeySchema"]}
        if each.type == "AWS::SecretsManager::Secret":
            number = next(self._counter)
            return {**content, "version": f"version-{number}", "value": f"secret-{number}-" + "x" * 40}
        return content


def _copy(resource: _Resource) -> _Resource:
    return _Resource(**vars(resource))


def _summary(each: _Resource) -> dict[str, Any]:
    return {
        "LogicalResourceId": each.logical_id,
        "PhysicalResourceId": each.physical_id,
        "ResourceType": each.type,
        "ResourceStatus": each.status,
        "ResourceStatusReason": each.reason,
    }


def _event(stack: _Stack, status: str, reason: str) -> dict[str, Any]:
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "EventId": str(len(stack.events)),
        "LogicalResourceId": stack.name,
        "PhysicalResourceId": stack.id if reason == "User Initiated" else "",
        "ResourceType": "AWS::CloudFormation::Stack",
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


def _modification(before: _Resource, after: _Resource, *, retags: bool) -> dict[str, Any] | None:
    names = differences(before.properties, after.properties)
    details = [
        {
            "Target": {"Attribute": "Properties", "Name": name, "RequiresRecreation": "Never"},
            "Evaluation": "Static",
            "ChangeSource": "DirectModification",
        }
        for name in names
    ]
    if retags and takes_tags(after.type):
        details.append({"Target": {"Attribute": "Tags"}, "Evaluation": "Static"})
    if not details:
        return None
    answers = {is_replaced(after.type, name) for name in names}
    replacement = next((answer for answer in ("True", "Conditional") if answer in answers), "False")
    policy = "ReplaceAndRetain" if before.policy in _RETAINED else "ReplaceAndDelete"
    return {
        "Action": "Modify",
        "LogicalResourceId": after.logical_id,
        "PhysicalResourceId": before.physical_id,
        "ResourceType": after.type,
        "Replacement": replacement,
        "Details": details,
        **({} if replacement == "False" else {"PolicyAction": policy}),
    }


def _parameters(template: Template, requested: list[dict[str, Any]], stack: _Stack | None) -> dict[str, str]:
    values: dict[str, str] = {}
    unknown = [each["ParameterKey"] for each in requested if each["ParameterKey"] not in template.parameters]
    if unknown:
        raise refusal("ValidationError", f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    for each in requested:
        name = each["ParameterKey"]
        if each.get("UsePreviousValue"):
            if stack is None or name not in stack.parameters:
                raise refusal(
                    "ValidationError",
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a parameter"
                    " key not in the previous template",
                )
            values[name] = stack.parameters[name]
        else:
            values[name] = each["ParameterValue"]
    missing = [name for name, each in template.parameters.items() if "Default" not in each and name not in values]
    if missing:
        raise refusal("ValidationError", f"Parameters: [{', '.join(missing)}] must have values")
    complete = template.values(values)
    for name, value in complete.items():
        declared = template.parameters[name]
        allowed, pattern = declared.get("AllowedValues"), declared.get("AllowedPattern")
        if (allowed and value not in allowed) or (pattern and not re.fullmatch(pattern, value)):
            raise refusal("ValidationError", f"Parameter {name} failed to satisfy constraint")
    return complete


def _check_import(template: Template, arguments: Mapping[str, Any]) -> None:
    for name, is_there in {"Outputs": "Outputs" in template.content, "Tags": bool(arguments.get("Tags"))}.items():
        if is_there:
            raise refusal("ValidationError", f"As part of the import operation, you cannot modify or add [{name}]")
    named = {each["LogicalResourceId"]: each for each in arguments["ResourcesToImport"]}
    for name, resource in template.content["Resources"].items():
        if name not in named:
            raise refusal("ValidationError", f"Resources [{name}] is missing from ResourceToImport list")
        if "DeletionPolicy" not in resource:
            raise refusal("ValidationError", f"Resources to import must have a DeletionPolicy attribute: {name}")
        if set(named[name]["ResourceIdentifier"]) != set(identifier(resource["Type"])):
            found = json.dumps(named[name]["ResourceIdentifier"])
            raise refusal("ValidationError", f"Invalid resource identifier {found} for {name}")
