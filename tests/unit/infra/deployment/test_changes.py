"""The lines of a plan, and which of its changes would lose something."""

import pytest

from infra.deployment.cloudformation import plan
from infra.deployment.cloudformation.plan import Change


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (Change("Add", "Api", "T"), "+ Api (T)"),
        (Change("Import", "Key", "T", "arn"), "= IMPORT Key (T) [arn]"),
        (Change("Modify", "Api", "T", "id", "False", causes=("Name",)), "~ Api (T): Name"),
        (Change("Modify", "Api", "T", "id", "Dynamic", causes=("Name",)), "~ Api (T): Name"),
        (Change("Modify", "Api", "T", "id", "True"), "! REPLACE Api (T) [id]"),
        (Change("Modify", "Api", "T", "id", "Conditional"), "! MAY REPLACE Api (T) [id]"),
        (Change("Remove", "Api", "T", "id", policy="Delete"), "- DELETE Api (T) [id]"),
        (Change("Remove", "Api", "T", "id", policy="Retain"), "- LEAVE BEHIND Api (T) [id]"),
        (Change("Dynamic", "Api", "T"), "? Dynamic Api (T)"),
    ],
)
def test_a_change_is_one_line(change, line):
    assert change.describe() == f"  {line}"


@pytest.mark.parametrize(
    ("action", "replacement", "is_loss"),
    [
        ("Add", "", False),
        ("Modify", "False", False),
        ("Modify", "Dynamic", True),
        ("Modify", "Conditional", True),
        ("Modify", "True", True),
        ("Remove", "", True),
    ],
)
def test_what_holds_data_is_not_replaced_or_removed_unnoticed(action, replacement, is_loss):
    """Also where CloudFormation does not know yet."""
    change = Change(action, "Slots", "AWS::DynamoDB::Table", "stride-slots", replacement)
    assert bool(plan.find_losses([change], allowed=())) == is_loss
    assert plan.find_losses([change], allowed=("Slots",)) == []
    assert ("!! the stack would lose its rows" in change.describe()) == is_loss


def test_a_replacement_that_follows_a_reference_differs_from_one_that_a_value_causes():
    """CloudFormation reports both as Conditional."""

    def detail(evaluation):
        target = {"Attribute": "Properties", "Name": "AuthorizerId", "RequiresRecreation": "Conditionally"}
        return {"Target": target, "Evaluation": evaluation, "CausingEntity": "Authorizer"}

    def read(*details):
        change = {"Action": "Modify", "LogicalResourceId": "R", "ResourceType": "T", "Replacement": "Conditional"}
        [read] = plan.read_changes([{"ResourceChange": {**change, "Details": list(details)}}])
        return read

    assert read(detail("Dynamic")).replacement == "Dynamic"
    assert read(detail("Dynamic"), detail("Static")).replacement == "Conditional"
    assert read(detail("Dynamic")).causes == ("AuthorizerId (because of Authorizer)",)
