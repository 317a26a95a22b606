"""CloudFormation in memory, with the refusals that its documentation describes."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from infra.deployment.template import Template
from tests.fakes.aws_account.comparison import compare
from tests.fakes.aws_account.execution import apply_changes
from tests.fakes.aws_account.refusal import refusal
from tests.fakes.aws_account.services import Account
from tests.fakes.aws_account.stack_registry import StackRegistry
from tests.fakes.aws_account.stacks import FakeChangeSet, FakeStack
from tests.fakes.aws_account.validation import check_import, check_import_alone, read_parameters

_NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
_UPDATABLE = {
    *("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"),
}


class FakeCloudFormation(StackRegistry):
    """Stacks and change sets. `fail` makes the next operation fail at a resource."""

    def __init__(self, account: Account) -> None:
        super().__init__()
        self._account = account
        self.change_sets: dict[str, FakeChangeSet] = {}
        self._failures: dict[str, str] = {}
        self._failing_rollbacks: set[str] = set()

    # --- For tests ----------------------------------------------------------------------------------------------------

    def fail(self, logical_id: str, reason: str, *, rollback_fails: bool = False) -> None:
        """Make the next change of a resource fail, and its rollback too."""
        self._failures[logical_id] = reason
        if rollback_fails:
            self._failing_rollbacks.add(logical_id)

    # --- Change sets --------------------------------------------------------------------------------------------------

    def create_change_set(self, **arguments: Any) -> dict[str, Any]:
        name, kind = arguments["StackName"], arguments["ChangeSetType"]
        stack = next((each for each in self.stacks if each.name == name and each.status != "DELETE_COMPLETE"), None)
        _check_status(name, kind, stack)
        template = self._read_template(arguments, stack)
        parameters = read_parameters(template, arguments["Parameters"], stack)
        if kind == "IMPORT":
            check_import(template, parameters, arguments, stack)
        if stack is None:
            stack = self.add(name)
        change_set = FakeChangeSet(
            id=f"arn:aws:cloudformation:eu-central-1:1:changeSet/{arguments['ChangeSetName']}/{next(self.numbers)}",
            stack_id=stack.id,
            kind=kind,
            template=template,
            parameters=parameters,
            # A change set without tags keeps those of the stack.
            tags={each["Key"]: each["Value"] for each in arguments["Tags"]} if "Tags" in arguments else stack.tags,
            imports={
                each["LogicalResourceId"]: next(iter(each["ResourceIdentifier"].values()))
                for each in arguments.get("ResourcesToImport", ())
            },
            rollback=arguments.get("RollbackConfiguration", {}),
        )
        change_set.changes = [{"Type": "Resource", "ResourceChange": each} for each in compare(stack, change_set)]
        if kind == "IMPORT":
            check_import_alone(change_set.changes)
        if problem := self._find_import_problem(change_set):
            change_set.fail(problem)
        elif not change_set.changes and parameters == stack.parameters:
            change_set.fail(_NO_CHANGES)
        self.change_sets[change_set.id] = change_set
        return {"Id": change_set.id, "StackId": stack.id}

    def describe_change_set(self, **arguments: Any) -> dict[str, Any]:
        change_set = self._find_change_set(arguments["ChangeSetName"])
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
        self._find_change_set(arguments["ChangeSetName"])
        del self.change_sets[arguments["ChangeSetName"]]
        return {}

    def execute_change_set(self, **arguments: Any) -> dict[str, Any]:
        change_set = self._find_change_set(arguments["ChangeSetName"])
        del self.change_sets[change_set.id]
        stack = self.find(change_set.stack_id)
        verb = change_set.kind
        stack.add_event(f"{verb}_IN_PROGRESS", "User Initiated")
        existing, resources, left = dict(self._account.existing), stack.resources, list(stack.left_behind)
        failed = apply_changes(self._account, stack, change_set, failures=self._failures, numbers=self.numbers)
        if failed is None:
            stack.template, stack.parameters = change_set.template, change_set.parameters
            stack.tags, stack.rollback = change_set.tags, change_set.rollback
            stack.statuses = [f"{verb}_IN_PROGRESS", f"{verb}_COMPLETE"]
            return {}
        self._account.existing.clear()
        self._account.existing.update(existing)
        stack.resources, stack.left_behind = resources, left
        self._roll_back(stack, change_set, *failed)
        return {}

    def _roll_back(self, stack: FakeStack, change_set: FakeChangeSet, logical_id: str, reason: str) -> None:
        # A failure of a rollback happens again until it is removed.
        self._failures.pop(logical_id, None)
        rollback_fails = logical_id in self._failing_rollbacks
        self._failing_rollbacks.discard(logical_id)
        status = "UPDATE_FAILED" if logical_id in stack.resources else "CREATE_FAILED"
        stack.add_event(status, reason, change_set.declared_resources()[logical_id])
        verb = change_set.kind
        if verb == "CREATE":
            stack.template, stack.parameters = change_set.template, change_set.parameters
            stack.statuses = ["CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"]
        elif rollback_fails:
            stack.resources[logical_id].status = "UPDATE_FAILED"
            stack.resources[logical_id].reason = reason
            stack.statuses = ["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED"]
        else:
            stack.statuses = [f"{verb}_ROLLBACK_IN_PROGRESS", f"{verb}_ROLLBACK_COMPLETE"]

    # --- Stacks -------------------------------------------------------------------------------------------------------

    def update_termination_protection(self, **arguments: Any) -> dict[str, Any]:
        self.find(arguments["StackName"]).is_protected = arguments["EnableTerminationProtection"]
        return {}

    def delete_stack(self, **arguments: Any) -> None:
        stack = self.find(arguments["StackName"])
        if stack.is_protected:
            raise refusal(
                "ValidationError", f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
            )
        for each in stack.resources.values():
            each.status = "DELETE_SKIPPED" if each.is_retained else "DELETE_COMPLETE"
            if not each.is_retained:
                self._account.existing.pop((each.type, each.physical_id), None)
        self.clock += timedelta(minutes=1)
        stack.deleted_at = self.clock
        stack.statuses = ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]

    def continue_update_rollback(self, **arguments: Any) -> dict[str, Any]:
        stack = self.find(arguments["StackName"])
        if stack.status != "UPDATE_ROLLBACK_FAILED":
            raise refusal("ValidationError", f"Stack {stack.id} is not in UPDATE_ROLLBACK_FAILED state")
        stack.add_event("UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated")
        for each in stack.resources.values():
            if each.status != "UPDATE_FAILED":
                continue
            if each.logical_id in self._failures and each.logical_id not in arguments.get("ResourcesToSkip", ()):
                stack.add_event("UPDATE_FAILED", self._failures[each.logical_id], each)
                stack.statuses = ["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED"]
                return {}
            each.status, each.reason = "UPDATE_COMPLETE", ""
            self._failures.pop(each.logical_id, None)
        stack.statuses = ["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"]
        return {}

    # --- Inside -------------------------------------------------------------------------------------------------------

    def _find_change_set(self, name: str) -> FakeChangeSet:
        if name not in self.change_sets:
            raise refusal("ChangeSetNotFound", f"ChangeSet [{name}] does not exist")
        return self.change_sets[name]

    def _read_template(self, arguments: Mapping[str, Any], stack: FakeStack | None) -> Template:
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

    def _find_import_problem(self, change_set: FakeChangeSet) -> str:
        for logical_id, physical_id in change_set.imports.items():
            kind = change_set.template.content["Resources"][logical_id]["Type"]
            if (kind, physical_id) not in self._account.existing:
                return f"Resource of type '{kind}' with identifier '{physical_id}' was not found."
            if any(
                (each.type, each.physical_id) == (kind, physical_id) and not each.is_deleted
                for stack in self.stacks
                for each in stack.resources.values()
            ):
                return f"{physical_id} already exists in another stack"
        return ""


def _check_status(name: str, kind: str, stack: FakeStack | None) -> None:
    """Refuse a change set for a stack that is not in the state for it."""
    if stack is None:
        if kind == "UPDATE":
            raise refusal("ValidationError", f"Stack [{name}] does not exist")
    elif kind == "CREATE" and stack.status != "REVIEW_IN_PROGRESS":
        raise refusal("ValidationError", f"Stack [{name}] already exists and cannot be created again")
    elif kind != "CREATE" and stack.status not in _UPDATABLE | ({"REVIEW_IN_PROGRESS"} if kind == "IMPORT" else set()):
        raise refusal("ValidationError", f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
