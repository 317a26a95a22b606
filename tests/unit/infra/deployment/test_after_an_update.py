"""What is watched during an update and compared after it: alarms and values of secrets."""


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
