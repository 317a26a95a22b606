"""The changes that a change set would make, as readable lines, and which of them would lose something."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

GUARDED = {
    "AWS::DynamoDB::Table": "its rows",
    "AWS::S3::Bucket": "its files",
    "AWS::SecretsManager::Secret": "its value, without which tokens, codes and encrypted payloads can't be read",
    "AWS::SQS::Queue": "its messages",
    "AWS::Cognito::UserPool": "its accounts",
    "AWS::ApiGatewayV2::Api": "its address, which is on the pages of the businesses",
}
"""Types whose replacement or removal loses something, and what."""


@dataclass(frozen=True)
class Change:
    """One resource that a change set changes."""

    action: str
    logical_id: str
    type: str
    physical_id: str = ""
    replacement: str = ""
    """True, False or Conditional, for a Modify; Dynamic if it is replaced only when what it refers to is."""
    policy: str = ""
    """What happens to the physical resource, such as Retain or ReplaceAndDelete."""
    causes: tuple[str, ...] = ()

    @property
    def is_replacement(self) -> bool:
        """Return whether the resource is created again, or may be because of a value that changes."""
        return self.action == "Modify" and self.replacement in {"True", "Conditional"}

    @property
    def loss(self) -> str:
        """Return what the stack would lose; empty if nothing."""
        is_in_danger = self.is_replacement or self.replacement == "Dynamic" or self.action == "Remove"
        return GUARDED.get(self.type, "") if is_in_danger else ""

    def describe(self) -> str:
        """Return one line: sign, name, type and cause."""
        sign, verb = self._sign()
        name = f"{self.logical_id} ({self.type})"
        causes = f": {', '.join(self.causes)}" if self.causes else ""
        physical_id = f" [{self.physical_id}]" if self.physical_id and verb else ""
        loss = f"\n      !! the stack would lose {self.loss}" if self.loss else ""
        return f"  {sign} {verb}{name}{physical_id}{causes}{loss}"

    def _sign(self) -> tuple[str, str]:
        if self.action == "Modify":
            may = {"True": "REPLACE ", "Conditional": "MAY REPLACE ", "Dynamic": "MAY REPLACE " if self.loss else ""}
            return ("!" if self.is_replacement else "~"), may.get(self.replacement, "")
        if self.action == "Remove":
            return "-", "LEAVE BEHIND " if "Retain" in self.policy else "DELETE "
        return {"Add": ("+", ""), "Import": ("=", "IMPORT ")}.get(self.action, ("?", f"{self.action} "))


def read_changes(described: Iterable[Mapping[str, Any]]) -> tuple[Change, ...]:
    """Return the changes of a described change set."""
    return tuple(_read(each["ResourceChange"]) for each in described if "ResourceChange" in each)


def _read(change: Mapping[str, Any]) -> Change:
    return Change(
        action=change["Action"],
        logical_id=change["LogicalResourceId"],
        type=change["ResourceType"],
        physical_id=change.get("PhysicalResourceId", ""),
        replacement=_replacement(change),
        policy=change.get("PolicyAction", ""),
        causes=tuple(dict.fromkeys(_cause(each) for each in change.get("Details", ()))),
    )


def _replacement(change: Mapping[str, Any]) -> str:
    """Return the replacement, `Dynamic` where CloudFormation only follows a reference whose value probably stays."""
    replacement = str(change.get("Replacement", ""))
    recreating = [
        each.get("Evaluation")
        for each in change.get("Details", ())
        if each.get("Target", {}).get("RequiresRecreation", "Never") != "Never"
    ]
    return "Dynamic" if replacement == "Conditional" and set(recreating) == {"Dynamic"} else replacement


def _cause(detail: Mapping[str, Any]) -> str:
    target = detail.get("Target", {})
    what = target.get("Name") or target.get("Attribute", "")
    entity = detail.get("CausingEntity")
    return f"{what} (because of {entity})" if entity else str(what)


_ORDER = {"Remove": 0, "Modify": 1, "Import": 2, "Add": 3}


def describe_plan(changes: Iterable[Change]) -> list[str]:
    """Return the lines of a plan: what could lose something first, and the number of changes at the end."""
    ordered = sorted(changes, key=lambda each: (not each.loss, _ORDER.get(each.action, 4), each.logical_id))
    counts = {
        "to add": sum(each.action == "Add" for each in ordered),
        "to import": sum(each.action == "Import" for each in ordered),
        "to change": sum(each.action == "Modify" and not each.is_replacement for each in ordered),
        "to replace": sum(each.is_replacement for each in ordered),
        "to remove": sum(each.action == "Remove" for each in ordered),
    }
    summary = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    lines = [*(each.describe() for each in ordered), f"  {summary or 'nothing to change'}"]
    if lost := [each.logical_id for each in ordered if each.loss]:
        # Once more at the end: the top of a long plan is out of sight when the question is asked.
        lines.append(f"  !! the stack would lose what these hold: {', '.join(lost)}")
    return lines


def find_losses(changes: Iterable[Change], *, allowed: Collection[str]) -> list[Change]:
    """Return the changes that would lose something and are not allowed by name."""
    return [each for each in changes if each.loss and each.logical_id not in allowed]
