"""Finds the resources of the template that may exist already, by the template or by what a former stack had."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from infra.deployment.cloudformation.change_set import IDENTIFIERS
from infra.deployment.cloudformation.stack import StackResource
from infra.deployment.template import Template

USED_BY_PARAMETER = {
    "AppointmentsTable": "CreateAppointmentsTable",
    "Sender": "CreateSenderIdentity",
    "SenderDomain": "CreateSenderIdentity",
}
"""Resources that may belong to somebody else, with the parameter that says whether this stack creates its own."""


@dataclass(frozen=True)
class WantedResources:
    """What a deployment wants to have."""

    template: Template
    values: Mapping[str, str]
    """The value of every parameter, without the decisions."""
    named: Mapping[str, str]
    """The parameters that were named on the command line: they are never decided here."""

    def importable(self) -> dict[str, str]:
        """Return the types by logical id of what could exist already, also if a parameter turns it off."""
        switched_on = {**self.values}
        for parameter in USED_BY_PARAMETER.values():
            if parameter in self.template.parameters and parameter not in self.named:
                switched_on[parameter] = "true"
        resources = self.template.resources(switched_on)
        return {name: each["Type"] for name, each in resources.items() if each["Type"] in IDENTIFIERS}

    def declared_name(self, logical_id: str) -> str | None:
        """Return the physical id that the template gives; None where CloudFormation makes one up."""
        resource = self.template.content["Resources"][logical_id]
        expression = resource.get("Properties", {}).get(IDENTIFIERS[resource["Type"]])
        return self.template.resolve(expression, self.values)

    def gets_another_name(self, resource: StackResource) -> bool:
        """Return whether a resource of the stack is replaced by one that may be somebody else's."""
        name = self.declared_name(resource.logical_id)
        return resource.logical_id in USED_BY_PARAMETER and name is not None and name != resource.physical_id

    def lacks_generated_name(self, owned: Collection[str]) -> bool:
        """Return whether something would be created whose name says nothing about one that exists."""
        return any(name not in owned and self.declared_name(name) is None for name in self.importable())

    def parameter_to_decide(self, logical_id: str) -> str | None:
        """Return the parameter that is decided by what exists; None if there is none, or it is named."""
        parameter = USED_BY_PARAMETER.get(logical_id)
        return parameter if parameter in self.template.parameters and parameter not in self.named else None


@dataclass(frozen=True)
class Candidate:
    """A resource that may exist."""

    logical_id: str
    kind: str
    physical_id: str
    declared_name: str | None
    is_ours: bool
    """Whether a stack of this name has had it, or it was named."""

    @property
    def has_another_name(self) -> bool:
        """Return whether what the stack had is not what the parameters name now."""
        return self.is_ours and self.declared_name not in {None, self.physical_id}


def find_candidate(wanted: WantedResources, logical_id: str, kind: str, known: str) -> Candidate | None:
    """Return what the template names, or what was known of a former stack; None if neither."""
    name = wanted.declared_name(logical_id)
    if name and name != known and logical_id in USED_BY_PARAMETER:
        # Another table of appointments or another sender is wanted now.
        known = ""
    physical_id = known or name
    return Candidate(logical_id, kind, physical_id, name, is_ours=bool(known)) if physical_id else None
