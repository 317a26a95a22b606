"""What is shown and asked before anything is changed: plans that are refused, or answered with no."""

import pytest

from infra.deployment.errors import DeployError
from infra.deployment.request import Request

TABLE = "AWS::DynamoDB::Table"


def test_no_as_answer_changes_nothing_and_leaves_nothing_behind(operator):
    """The change set and the empty stack that CloudFormation makes for it are deleted."""
    operator.answer = False
    assert operator.deploy() == {}
    assert operator.account.called("execute_change_set") == []
    assert operator.account.cloudformation.change_sets == {}
    assert [each.status for each in operator.account.cloudformation.stacks] == ["DELETE_COMPLETE"]


def test_ctrl_c_at_the_question_leaves_nothing_behind(operator):
    """As after `no`."""

    def interrupt(_question):
        raise KeyboardInterrupt

    operator._confirm = interrupt
    with pytest.raises(KeyboardInterrupt):
        operator.deploy()
    assert operator.account.cloudformation.change_sets == {}
    assert [each.status for each in operator.account.cloudformation.stacks] == ["DELETE_COMPLETE"]


def test_ctrl_c_while_the_plan_is_computed_leaves_nothing_behind(operator):
    """CloudFormation computes a large one for a while."""

    def interrupt(**_arguments):
        raise KeyboardInterrupt

    operator.account.cloudformation.describe_change_set = interrupt
    with pytest.raises(KeyboardInterrupt):
        operator.deploy()
    assert operator.account.cloudformation.change_sets == {}
    assert [each.status for each in operator.account.cloudformation.stacks] == ["DELETE_COMPLETE"]


def test_a_dry_run_shows_the_plan_and_changes_nothing(deployed):
    """Without a code bucket too: then the template alone says what is created."""
    deployed.deploy_with(Request("stride", {"LogLevel": "DEBUG"}, is_dry_run=True))
    assert "LogLevel: INFO -> DEBUG" in deployed.text
    assert deployed.stack.parameters["LogLevel"] == "INFO"
    assert deployed.account.cloudformation.change_sets == {}


def test_a_dry_run_before_the_first_deployment_creates_not_even_the_bucket(operator):
    """A change set would need the bucket."""
    operator.deploy_with(Request("stride", is_dry_run=True))
    assert "+ ChatQueue (AWS::SQS::Queue)" in operator.text
    assert operator.account.existing == {}
    assert operator.account.cloudformation.stacks == []


def test_a_plan_that_replaces_data_is_refused_unless_it_is_named(deployed):
    """Another Prefix would replace tables and queues: their names are part of the refusal."""
    with pytest.raises(DeployError, match="--replace-data SlotsTable"):
        deployed.deploy(Prefix="other")
    assert "! REPLACE SlotsTable (AWS::DynamoDB::Table) [stride-slots]: TableName" in deployed.text
    assert "the stack would lose its rows" in deployed.text
    assert deployed.lines[-1].startswith("  !! the stack would lose what these hold: ")
    assert "SlotsTable" in deployed.lines[-1]
    assert deployed.account.cloudformation.change_sets == {}
    assert deployed.stack.parameters["Prefix"] == "stride"


def test_a_plan_that_removes_data_is_refused_unless_it_is_named(deployed):
    """The option allows exactly the named resource; the table is retained."""
    with pytest.raises(DeployError, match="--replace-data AppointmentsTable"):
        deployed.deploy(CreateAppointmentsTable="false")
    deployed.deploy_with(Request("stride", {"CreateAppointmentsTable": "false"}, replaceable=("AppointmentsTable",)))
    assert "AppointmentsTable" not in deployed.physical_ids()
    assert (TABLE, "appointments") in deployed.account.existing


def test_a_resource_that_may_be_replaced_and_does_not_exist_is_refused(deployed):
    """A typing error would otherwise show only when the plan is refused, minutes later."""
    with pytest.raises(DeployError, match="no resource AppointmentTable: did you mean AppointmentsTable"):
        deployed.deploy_with(Request("stride", replaceable=("AppointmentTable",)))


def test_a_kept_value_that_the_template_refuses_is_reported_with_cloudformations_reason(deployed):
    """Only CloudFormation knows all values that are kept."""
    deployed.deploy(LogLevel="DEBUG")
    text = deployed.template.read_text()
    deployed.template = deployed.folder / "template.yaml"
    deployed.template.write_text(text.replace("[DEBUG, INFO,", "[INFO,"))
    with pytest.raises(DeployError, match="refused the template: Parameter LogLevel failed to satisfy constraint"):
        deployed.deploy()
