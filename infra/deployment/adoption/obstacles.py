"""The findings about resources that exist already and can't become part of the stack as they are."""

from infra.deployment.adoption.candidates import Candidate
from infra.deployment.cloudformation.stack import StackResource
from infra.deployment.findings import Finding, Verdict


def has_another_name(candidate: Candidate) -> Finding:
    """Return that the parameters name another resource than the one that was retained."""
    return Finding(
        candidate.logical_id,
        Verdict.BLOCKED,
        f"{candidate.physical_id} was retained, and the parameters name {candidate.declared_name}",
        "The new stack would begin with an empty one.",
        "Deploy with the Prefix of before, or as another --stack.",
    )


def has_other_keys(candidate: Candidate, found: list[tuple[str, str]], needed: list[tuple[str, str]]) -> Finding:
    """Return that a table has other keys than the template."""
    return Finding(
        candidate.logical_id,
        Verdict.BLOCKED,
        f"the table {candidate.physical_id} has the keys {_list_keys(found)}",
        f"Needed are {_list_keys(needed)}: every access would fail with"
        " `The provided key element does not match the schema`.",
        "Name another table (AppointmentsTableName), or another Prefix.",
    )


def is_not_there(candidate: Candidate) -> Finding:
    """Return that what is to be imported does not exist: with a typing error in its id, a new one would be created."""
    found = f"{candidate.physical_id}, which --import names, does not exist"
    return Finding(
        candidate.logical_id,
        Verdict.BLOCKED,
        found,
        "A new one would be empty.",
        "Correct the id, or leave the option out.",
    )


def is_scheduled_for_deletion(candidate: Candidate) -> Finding:
    """Return that nobody can read a secret, with the command that restores it."""
    return Finding(
        candidate.logical_id,
        Verdict.BLOCKED,
        f"{candidate.physical_id} is scheduled for deletion",
        "With a new secret, tokens, links and encrypted payloads made before could not be read.",
        f"aws secretsmanager restore-secret --secret-id {candidate.physical_id}",
    )


def cannot_be_looked_at(candidate: Candidate, permission: str) -> Finding:
    """Return that a retained resource must be looked at.

    A new secret or bucket has another name, so CloudFormation would create it without a word.
    """
    found = f"{candidate.physical_id} was retained, and can't be looked at"
    return Finding(candidate.logical_id, Verdict.BLOCKED, found, "A new one would be empty.", f"Allow {permission}.")


def replaces_owned(candidate: Candidate, owned: StackResource) -> Finding:
    """Return that the stack can't have a second resource of that logical id, which an import would make."""
    return Finding(
        candidate.logical_id,
        Verdict.BLOCKED,
        f"{candidate.physical_id} exists, and the stack has {owned.physical_id}",
        "CloudFormation imports nothing in place of what a stack has.",
        "Leave the parameter out that asks for its creation: then it is used, and stays outside of the stack.",
    )


def is_used_of_another_stack(candidate: Candidate, stack_id: str) -> Finding:
    """Return that two stacks use one resource; with a table, they share its rows."""
    found = f"{candidate.physical_id} belongs to the stack {_read_name(stack_id)}"
    if candidate.kind != "AWS::DynamoDB::Table":
        return Finding(candidate.logical_id, Verdict.NOTE, found, "It is used, not created.")
    return Finding(
        candidate.logical_id,
        Verdict.WARNING,
        found,
        "It is used, not created: two installations share its rows.",
        "Name another AppointmentsTableName for a table of its own.",
    )


def belongs_to_another_stack(candidate: Candidate, stack_id: str) -> Finding:
    """Return that a resource can't be created or imported."""
    return Finding(
        candidate.logical_id,
        Verdict.BLOCKED,
        f"{candidate.physical_id} belongs to the stack {_read_name(stack_id)}",
        "A resource belongs to one stack.",
        "Choose another Prefix (and AppointmentsTableName) for this stack.",
    )


def _read_name(stack_id: str) -> str:
    return stack_id.split("/")[1] if "/" in stack_id else stack_id


def _list_keys(keys: list[tuple[str, str]]) -> str:
    return ", ".join(f"{name} ({kind})" for name, kind in sorted(keys, key=lambda each: each[1])) or "none"
