"""Lets the alarms of the stack roll back an update that makes them ring."""

from collections.abc import Mapping
from typing import Any

from infra.deployment.cloudformation.stack import StackResource
from infra.deployment.findings import Clients, Finding, run_probe

MAX_TRIGGERS = 5
"""(https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_RollbackConfiguration.html)"""

NO_ROLLBACK_ON_ALARM: Mapping[str, Any] = {"RollbackTriggers": [], "MonitoringTimeInMinutes": 0}
"""Explicit: CloudFormation keeps the triggers of the update before if none are given."""


def build_rollback_configuration(
    clients: Clients, owned: Mapping[str, StackResource], kept: Mapping[str, Any], *, minutes: int
) -> tuple[Mapping[str, Any], list[Finding]]:
    """Return the alarms that the stack has and keeps, and a finding if we may not look; without alarms, do not wait.

    An alarm that is missing fails the whole update, and one that already rings would roll back whatever it is.
    """
    names = [
        each.physical_id
        for name, each in sorted(owned.items())
        if each.type == "AWS::CloudWatch::Alarm" and name in kept
    ]
    quiet: list[str] = []

    def look() -> list[Finding]:
        found = clients("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
        quiet.extend(each["AlarmArn"] for each in found if each["StateValue"] != "ALARM")
        return []

    findings: list[Finding] = []
    if names:
        findings = run_probe("alarms", "cloudwatch:DescribeAlarms", look)
    if not quiet:
        return NO_ROLLBACK_ON_ALARM, findings
    configuration = {
        "RollbackTriggers": [{"Arn": arn, "Type": "AWS::CloudWatch::Alarm"} for arn in quiet[:MAX_TRIGGERS]],
        "MonitoringTimeInMinutes": minutes,
    }
    return configuration, findings
