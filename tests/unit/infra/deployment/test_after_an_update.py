"""What is watched during an update, and what is compared, protected and recorded after it."""

import pytest

from infra.deployment.errors import DeployError
from infra.deployment.request import Request


@pytest.mark.exhaustive
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


def test_a_first_deployment_that_was_interrupted_is_protected_and_recorded_by_the_next_one(operator):
    """CloudFormation has gone on, so nothing changes any more."""
    cloudformation = operator.account.cloudformation
    execute = cloudformation.execute_change_set

    def interrupt(**_arguments):
        del cloudformation.describe_stacks
        raise KeyboardInterrupt

    def execute_and_interrupt(**arguments):
        cloudformation.describe_stacks = interrupt
        return execute(**arguments)

    cloudformation.execute_change_set = execute_and_interrupt
    with pytest.raises(KeyboardInterrupt, match="CloudFormation goes on"):
        operator.deploy()
    with pytest.raises(DeployError, match=r"CREATE_IN_PROGRESS\): deploy again when it has ended$"):
        operator.deploy()
    operator.stack.statuses = ["CREATE_COMPLETE"]
    operator.deploy()
    assert "Nothing changes" in operator.text
    assert operator.stack.is_protected
    assert [key for _, key in operator.account.objects if key.startswith("deployments/stride/")]


def test_a_dry_run_that_finds_no_change_protects_nothing(deployed):
    """It changes nothing at all."""
    deployed.stack.is_protected = False
    deployed.deploy_with(Request("stride", is_dry_run=True))
    assert "Nothing changes" in deployed.text
    assert not deployed.stack.is_protected
