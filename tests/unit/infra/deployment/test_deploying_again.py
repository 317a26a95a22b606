"""The deployment of a release: first, again, changed, failed, and what is refused."""

import pytest

from infra.deployment.errors import DeployError
from infra.deployment.request import Request
from tests.unit.infra.deployment.operator import EMAIL

TABLE = "AWS::DynamoDB::Table"


def test_the_first_deployment_creates_the_stack_after_a_question(operator):
    """The plan lists what is added, one question is asked, and the stack has tags and protection afterwards."""
    outputs = operator.deploy(**EMAIL)
    assert operator.questions == ["Deploy this?"]
    assert "+ ChatQueue (AWS::SQS::Queue)" in operator.text
    assert outputs["WebSocketUrl"].startswith("wss://")
    assert operator.stack.tags == {"Project": "stride-chat"}
    assert operator.stack.is_protected


def test_a_second_deployment_with_a_parameter_left_out_changes_nothing(deployed):
    """E-mail stays on although the sender is not named again, and no id changes."""
    ids, executed = deployed.physical_ids(), len(deployed.account.called("execute_change_set"))
    outputs = deployed.deploy()
    assert "Nothing changes" in deployed.text
    assert outputs["SesConfigurationSet"]
    assert deployed.questions == []
    assert len(deployed.account.called("execute_change_set")) == executed
    assert deployed.stack.parameters["SesFromEmail"] == "visits@example.com"
    assert deployed.physical_ids() == ids


def test_a_changed_parameter_changes_that_alone(deployed):
    """The plan says old and new value and which functions change; data keeps its ids."""
    ids = deployed.physical_ids()
    deployed.deploy(LogLevel="DEBUG")
    assert "LogLevel: INFO -> DEBUG" in deployed.text
    assert "~ IngressFunction (AWS::Lambda::Function): Environment" in deployed.text
    assert deployed.stack.parameters["LogLevel"] == "DEBUG"
    assert deployed.stack.parameters["SesFromEmail"] == "visits@example.com"
    assert deployed.physical_ids() == ids


def test_tags_that_somebody_has_added_stay(deployed):
    """A change set replaces all tags of the stack."""
    deployed.stack.tags["CostCenter"] = "7"
    deployed.deploy(LogLevel="DEBUG")
    assert deployed.stack.tags == {"CostCenter": "7", "Project": "stride-chat"}


def test_an_empty_value_empties_a_parameter(deployed):
    """`NAME=` is the way to turn something off again; the sender's identity is retained."""
    deployed.deploy(SesFromEmail="")
    assert "SesFromEmail: visits@example.com -> (empty)" in deployed.text
    assert "- LEAVE BEHIND Sender" in deployed.text
    assert deployed.stack.parameters["SesFromEmail"] == ""
    assert ("AWS::SES::EmailIdentity", "visits@example.com") in deployed.account.existing


def test_a_new_parameter_of_the_template_takes_its_default(deployed):
    """A stack of the release before has no value for it."""
    deployed.template = deployed.folder / "template.yaml"
    text = deployed.stack.template.text
    deployed.template.write_text(text.replace("Parameters:\n", "Parameters:\n  New: {Type: String, Default: x}\n", 1))
    deployed.deploy()
    assert "New: new, x (default)" in deployed.text
    assert deployed.stack.parameters["New"] == "x"


def test_an_unknown_parameter_is_refused_with_the_nearest_name(operator):
    """Nothing is asked of the account before."""
    with pytest.raises(DeployError, match=r"no parameter SesFromMail: did you mean SesFromEmail\?"):
        operator.deploy(SesFromMail="visits@example.com")
    assert operator.account.calls == []


def test_the_key_of_a_package_is_no_parameter_of_the_operator(deployed):
    """The tool names the packages; another version is restored."""
    with pytest.raises(DeployError, match="IngressCodeKey"):
        deployed.deploy(IngressCodeKey="other.zip")


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


def test_the_first_plan_that_expires_is_made_again(operator):
    """The empty stack of the first plan is deleted before."""
    operator.account.refuse("cloudformation", "execute_change_set", "ChangeSetNotFound")
    operator.deploy()
    assert operator.stack.status == "CREATE_COMPLETE"


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
    assert deployed.account.cloudformation.change_sets == {}
    assert deployed.stack.parameters["Prefix"] == "stride"


def test_a_plan_that_removes_data_is_refused_unless_it_is_named(deployed):
    """The option allows exactly the named resource; the table is retained."""
    with pytest.raises(DeployError, match="--replace-data AppointmentsTable"):
        deployed.deploy(CreateAppointmentsTable="false")
    deployed.deploy_with(Request("stride", {"CreateAppointmentsTable": "false"}, replaceable=("AppointmentsTable",)))
    assert "AppointmentsTable" not in deployed.physical_ids()
    assert (TABLE, "appointments") in deployed.account.existing


def test_a_failed_update_is_rolled_back_with_the_reason_and_can_be_repeated(deployed):
    """The error names resource and reason; the next deployment succeeds."""
    ids = deployed.physical_ids()
    deployed.account.cloudformation.fail("IngressFunction", "User is not authorized to perform: lambda:UpdateFunction")
    with pytest.raises(
        DeployError, match=r"(?s)UPDATE_ROLLBACK_COMPLETE.*IngressFunction.*lacks that permission.*as it was"
    ):
        deployed.deploy(LogLevel="DEBUG")
    assert deployed.stack.parameters["LogLevel"] == "INFO"
    deployed.deploy(LogLevel="DEBUG")
    assert deployed.stack.parameters["LogLevel"] == "DEBUG"
    assert deployed.physical_ids() == ids


def test_the_reasons_are_those_of_the_last_operation(deployed):
    """The events of a stack reach back to its creation."""
    cloudformation = deployed.account.cloudformation
    cloudformation.fail("IngressFunction", "the first reason")
    with pytest.raises(DeployError):
        deployed.deploy(LogLevel="DEBUG")
    cloudformation.fail("ChatFunction", "the second reason")
    with pytest.raises(DeployError, match="the second reason") as failure:
        deployed.deploy(LogLevel="DEBUG")
    assert "the first reason" not in str(failure.value)


def test_a_stack_whose_creation_failed_is_deleted_after_a_question(operator):
    """ROLLBACK_COMPLETE can only be deleted; nothing was ever deployed, so nothing is lost."""
    operator.account.cloudformation.fail("Api", "Rate exceeded")
    with pytest.raises(DeployError, match=r"(?s)ROLLBACK_COMPLETE.*AWS throttled"):
        operator.deploy(**EMAIL)
    operator.deploy(**EMAIL)
    assert operator.questions == ["Do this first?", "Deploy this?"]
    assert "its creation never succeeded" in operator.text
    assert operator.stack.status == "CREATE_COMPLETE"


def test_no_to_the_deletion_keeps_the_failed_stack(operator):
    """The first question is about the deletion alone."""
    operator.account.cloudformation.fail("Api", "Rate exceeded")
    with pytest.raises(DeployError):
        operator.deploy()
    operator.answer = False
    operator.deploy()
    assert operator.stack.status == "ROLLBACK_COMPLETE"


def test_a_failed_rollback_is_continued_before_the_deployment(deployed):
    """UPDATE_ROLLBACK_FAILED: the cause is shown, the rollback continued, and the update made."""
    cloudformation = deployed.account.cloudformation
    cloudformation.fail("IngressFunction", "the package is gone", rollback_fails=True)
    with pytest.raises(DeployError, match="UPDATE_ROLLBACK_FAILED"):
        deployed.deploy(LogLevel="DEBUG")
    deployed.deploy(LogLevel="DEBUG")
    assert "IngressFunction (AWS::Lambda::Function): the package is gone" in deployed.text
    assert deployed.questions == ["Do this first?", "Deploy this?"]
    assert deployed.stack.parameters["LogLevel"] == "DEBUG"


def test_a_resource_whose_rollback_fails_again_is_skipped_by_name_only(deployed):
    """Skipping may leave a difference to the template, so the operator names it."""
    cloudformation = deployed.account.cloudformation
    cloudformation.fail("IngressFunction", "gone", rollback_fails=True)
    with pytest.raises(DeployError):
        deployed.deploy(LogLevel="DEBUG")
    cloudformation.fail("IngressFunction", "still gone", rollback_fails=True)
    with pytest.raises(DeployError, match=r"(?s)still gone.*--skip-rollback-of NAME"):
        deployed.deploy()
    with pytest.raises(DeployError, match="only what could not be rolled back"):
        deployed.deploy_with(Request("stride", skip_rollback_of=("ChatQueue",)))
    deployed.deploy_with(Request("stride", skip_rollback_of=("IngressFunction",)))
    assert deployed.stack.status == "UPDATE_ROLLBACK_COMPLETE"


def test_an_operation_in_progress_is_not_disturbed(deployed):
    """The error says what runs and how it can be stopped."""
    deployed.stack.statuses = ["UPDATE_IN_PROGRESS"]
    with pytest.raises(DeployError, match=r"UPDATE_IN_PROGRESS.*cancel-update-stack --stack-name stride"):
        deployed.deploy()


@pytest.mark.parametrize("code", ["ChangeSetNotFound", "InvalidChangeSetStatus"])
def test_an_expired_plan_is_made_again_without_a_second_question(deployed, code):
    """The same changes were confirmed; the new plan is executed."""
    deployed.account.refuse("cloudformation", "execute_change_set", code, "expired")
    deployed.deploy(LogLevel="DEBUG")
    assert deployed.questions == ["Deploy this?"]
    assert "the plan is made again" in deployed.text
    assert deployed.stack.parameters["LogLevel"] == "DEBUG"


def test_a_plan_that_expires_with_other_changes_is_asked_about_again(deployed):
    """What was confirmed is not what would be done now."""
    original = deployed.account.cloudformation.execute_change_set

    def expire(**arguments):
        deployed.account.cloudformation.execute_change_set = original
        deployed.stack.tags = {}
        deployed.account.refuse("cloudformation", "execute_change_set", "ChangeSetNotFound")
        return deployed.account.call("cloudformation", "execute_change_set", arguments)

    deployed.account.cloudformation.execute_change_set = expire
    deployed.deploy(LogLevel="DEBUG")
    assert deployed.questions == ["Deploy this?", "Deploy this?"]


def test_a_stack_that_keeps_changing_is_given_up(deployed):
    """Three expired plans are enough."""
    deployed.account.refuse("cloudformation", "execute_change_set", "ChangeSetNotFound", times=9)
    with pytest.raises(DeployError, match="keeps changing"):
        deployed.deploy(LogLevel="DEBUG")
    assert deployed.account.cloudformation.change_sets == {}


def test_a_throttled_poll_does_not_end_the_wait(deployed):
    """The operation goes on at AWS whatever a poll says."""
    deployed.account.refuse("cloudformation", "describe_change_set", "Throttling", "Rate exceeded", times=2)
    deployed.deploy(LogLevel="DEBUG")
    assert deployed.stack.parameters["LogLevel"] == "DEBUG"


def test_a_name_of_a_change_set_that_exists_is_replaced_by_another(deployed):
    """Two operators may start in the same second."""
    deployed.account.refuse("cloudformation", "create_change_set", "AlreadyExistsException", "exists")
    deployed.deploy(LogLevel="DEBUG")
    assert deployed.stack.parameters["LogLevel"] == "DEBUG"


def test_a_value_that_the_template_refuses_is_reported_with_cloudformations_reason(deployed):
    """The pattern of the parameter decides."""
    with pytest.raises(DeployError, match="refused the template: Parameter LogLevel failed to satisfy constraint"):
        deployed.deploy(LogLevel="LOUD")


def test_the_alarms_of_the_stack_roll_an_update_back(deployed):
    """An alarm that exists, stays and does not ring yet is a trigger; one that rings already is none."""
    template = deployed.folder / "template.yaml"
    alarm = '  {0}: {{Type: "AWS::CloudWatch::Alarm", Properties: {{AlarmName: {0}}}}}\n'
    text = deployed.stack.template.text
    resources = "Resources:\n" + alarm.format("Quiet") + alarm.format("Ringing")
    template.write_text(text.replace("Resources:\n", resources, 1))
    deployed.template = template
    deployed.deploy()
    assert deployed.stack.rollback["RollbackTriggers"] == []
    deployed.account.cloudwatch.states = {"Quiet": "OK", "Ringing": "ALARM"}
    deployed.deploy(LogLevel="DEBUG")
    [trigger] = deployed.stack.rollback["RollbackTriggers"]
    assert trigger["Arn"].endswith(":alarm:Quiet")
    assert deployed.stack.rollback["MonitoringTimeInMinutes"] == 5
    deployed.account.refuse("cloudwatch", "describe_alarms", "AccessDenied", "no")
    deployed.deploy(LogLevel="INFO")
    assert "allow cloudwatch:DescribeAlarms" in deployed.text


def test_a_secret_that_gets_a_new_value_is_reported_with_the_command_that_restores_it(deployed):
    """CloudFormation generates a value when it thinks that the template asks for one."""
    key = deployed.physical_ids()["SessionKey"]
    original = deployed.account.cloudformation.execute_change_set

    def regenerate(**arguments):
        deployed.account.existing["AWS::SecretsManager::Secret", key]["version"] = "other"
        return original(**arguments)

    deployed.account.cloudformation.execute_change_set = regenerate
    deployed.deploy(LogLevel="DEBUG")
    assert f"{key} has a new value" in deployed.text
    assert "update-secret-version-stage" in deployed.text
