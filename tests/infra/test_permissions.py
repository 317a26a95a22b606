"""The permissions of the template's roles, which no parameter extends: the emulator checks no permissions."""

import re

import pytest
from botocore.session import Session

from infra.deployment.request_check import OWN_PARAMETERS
from tests.infra.template import as_list, everything_in, load, of_type, statements

TEMPLATE = load()


WITHOUT_RESOURCES = {
    "RecordsTraces": {"xray:PutTraceSegments", "xray:PutTelemetryRecords"},
    "DeployRole": {
        "bedrock:GetFoundationModelAvailability",
        "cloudformation:ValidateTemplate",
        "cognito-idp:CreateUserPool",
        "cognito-idp:DescribeUserPoolDomain",
        "lambda:CreateEventSourceMapping",
        "lambda:GetAccountSettings",
        "logs:DescribeIndexPolicies",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "secretsmanager:GetRandomPassword",
        "ses:DescribeConfigurationSet",
        "ses:GetAccount",
        "sns:GetSMSSandboxAccountStatus",
        "sns:GetSubscriptionAttributes",
        "sns:SetSubscriptionAttributes",
        "sns:Unsubscribe",
    },
}
"""Actions that can only be allowed for all resources, by role: the column of resource types is empty for them in
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html"""


RUNNING = [(name, each) for name, each in statements(TEMPLATE) if name != "DeployRole"]
"""The statements of all roles but that of the deploying workflow, which has tests of its own."""


TEXT_MESSAGES = {
    "Sid": "SendTextMessages",
    "Effect": "Allow",
    "Action": "sns:Publish",
    "NotResource": {"Fn::Sub": "arn:${AWS::Partition}:sns:*:*:*"},
}
"""Every target that is no topic: telephone numbers have no ARN
(https://docs.aws.amazon.com/sns/latest/dg/sns-sending-sms-overview.html)."""


def test_nobody_is_allowed_everything():
    """No role has a wildcard for a service's actions, nor for resources of actions that have them."""
    for name, statement in statements(TEMPLATE):
        assert statement["Effect"] == "Allow"
        assert "Resource" in statement or statement == TEXT_MESSAGES, name
        assert "*" not in as_list(statement.get("Resource")) or set(statement["Action"]) == WITHOUT_RESOURCES[name], (
            name
        )
        assert not [action for action in as_list(statement["Action"]) if "*" in action], name


def _list_parameters_in_policies():
    """Return the parameters of type text whose value becomes part of a resource or condition of a statement."""
    used = set()
    for _, statement in statements(TEMPLATE):
        for each in everything_in(statement):
            if isinstance(each, dict) and isinstance(each.get("Fn::Sub"), str):
                used.update(re.findall(r"[$][{]([A-Za-z]+)[}]", each["Fn::Sub"]))
            if isinstance(each, dict) and "Ref" in each:
                used.add(each["Ref"])
    return sorted(used & set(TEMPLATE["Parameters"]) - set(OWN_PARAMETERS))


@pytest.mark.parametrize("name", _list_parameters_in_policies())
def test_no_parameter_brings_a_wildcard_into_a_policy(name):
    """It would allow every table, model or secret of the account."""
    declared = TEMPLATE["Parameters"][name]
    accepted = [
        value
        for value in ("*", "?", "a*", "arn:aws:s3:::*", "a?c", "a,*", "a/*")
        if value in declared.get("AllowedValues", (value,))
        and re.fullmatch(declared.get("AllowedPattern", ".*"), value)
    ]
    assert accepted == []


def test_logs_are_kept_for_a_number_of_days_that_cloudwatch_accepts():
    """Another number fails while the stack is created, and everything is rolled back.

    (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html)
    """
    shape = Session().get_service_model("logs").shape_for("Days")
    assert TEMPLATE["Parameters"]["LogRetentionDays"]["AllowedValues"] == [
        int(each) for each in re.findall(r"[0-9]+", shape.documentation.split("Possible values")[1])
    ]


@pytest.mark.parametrize(
    ("given", "accepted"),
    [
        ("", True),
        ("visits+new@mail.example.com", True),
        ("Visits <visits@example.com>", False),
        ("*", False),
        ("*@example.com", False),
        ("visits@*", False),
        ("visits@example", False),
        ("a@example.com,b@example.com", False),
    ],
)
def test_the_sender_is_a_plain_address_or_nothing(given, accepted):
    """The address is part of an ARN, where a wildcard would allow every sender; the pattern matches the whole value."""
    pattern = TEMPLATE["Parameters"]["SesFromEmail"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, given)) is accepted


def test_only_notifications_publish_and_only_what_is_turned_on():
    """Text messages cost money and reach any number; alerts go to one topic. Both are off by default."""
    publishing = [(name, each) for name, each in RUNNING if any("sns:" in act for act in as_list(each["Action"]))]
    named = {"Fn::If": ["HasFormerAlertTopic", {"Ref": "SnsTopicArn"}, {"Ref": "AlertTopic"}]}
    alert_topic = {"Fn::If": ["HasAlertTopic", {"Ref": "AlertTopicArn"}, named]}
    topic = {"Sid": "SendAlerts", "Effect": "Allow", "Action": "sns:Publish", "Resource": alert_topic}
    assert publishing == [("NotificationsRole", TEXT_MESSAGES), ("NotificationsRole", topic)]

    [policy] = TEMPLATE["Resources"]["NotificationsRole"]["Properties"]["Policies"]
    conditional = {
        each["Fn::If"][0]: each["Fn::If"][1:] for each in policy["PolicyDocument"]["Statement"] if "Fn::If" in each
    }
    assert conditional["SendsSms"] == [TEXT_MESSAGES, {"Ref": "AWS::NoValue"}]
    assert conditional["SendsAlerts"] == [topic, {"Ref": "AWS::NoValue"}]
    assert TEMPLATE["Parameters"]["SmsEnabled"]["Default"] == "auto"
    assert {TEMPLATE["Parameters"][name]["Default"] for name in ("AlertTopicArn", "SnsTopicArn", "AlertEmail")} == {""}


@pytest.mark.parametrize(
    ("given", "accepted"),
    [
        ("", True),
        ("arn:aws:sns:eu-central-1:123456789012:stride-alerts", True),
        ("arn:aws-cn:sns:cn-north-1:123456789012:alerts", True),
        ("*", False),
        ("arn:aws:sns:eu-central-1:123456789012:*", False),
        ("arn:aws:sns:*:*:*", False),
        ("arn:aws:sns:eu-central-1:123456789012:alerts.fifo", False),
        ("arn:aws:sqs:eu-central-1:123456789012:alerts", False),
        ("alerts", False),
    ],
)
def test_the_topic_is_one_standard_topic_or_nothing(given, accepted):
    """A wildcard would allow every topic; a FIFO topic accepts no message without a group."""
    for name in ("AlertTopicArn", "SnsTopicArn"):
        pattern = TEMPLATE["Parameters"][name]["AllowedPattern"]
        assert bool(re.fullmatch(pattern, given)) is accepted


def test_reminders_are_planned_in_one_group_and_one_role():
    """Booking may create and delete our schedules, and pass only the role that sends to its queue."""
    stated = {name: [] for name in ("scheduler:CreateSchedule", "iam:PassRole")}
    for name, statement in RUNNING:
        for action in set(stated) & set(as_list(statement["Action"])):
            stated[action].append((name, statement))
    [(planner, plans)], [(passer, passes)] = stated.values()
    assert {planner, passer} == {"BookingRole"}
    assert plans["Resource"]["Fn::Sub"].endswith(":schedule/${Reminders}/*")
    assert passes["Resource"] == {"Fn::GetAtt": ["ReminderRole", "Arn"]}
    assert passes["Condition"] == {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}
    sends = [each for name, each in statements(TEMPLATE) if name == "ReminderRole"]
    assert [(each["Action"], each["Resource"]) for each in sends] == [
        ("sqs:SendMessage", {"Fn::GetAtt": ["BookingQueue", "Arn"]})
    ]


def test_nobody_may_scan():
    """Every read has a key, so that its cost does not grow with the table."""
    assert not [name for name, statement in statements(TEMPLATE) if "dynamodb:Scan" in as_list(statement["Action"])]


def test_only_booking_reads_googles_secret_and_no_stack_creates_it():
    """The secret exists already; the role may read this one secret from outside the stack."""
    readers = {
        name
        for name, statement in RUNNING
        if any("GoogleSecretName" in text for text in everything_in(statement.get("Resource")) if isinstance(text, str))
    }
    assert readers == {"BookingRole"}
    assert TEMPLATE["Parameters"]["GoogleSecretName"]["Default"] == "chatbot/google-calendar"
    assert set(of_type(TEMPLATE, "AWS::SecretsManager::Secret")) == {"SessionKey", "CodeKey", "FailuresKey"}


def test_only_the_failures_worker_reads_payloads_of_failures():
    """The other workers update the outcome of a replay, and can neither read nor add failures."""
    table, key = {"Fn::GetAtt": ["FailuresTable", "Arn"]}, {"Ref": "FailuresKey"}
    allowed = {
        name: set(as_list(each["Action"]))
        for name, each in statements(TEMPLATE)
        if table in as_list(each.get("Resource"))
    }
    assert allowed == {
        "ChatRole": {"dynamodb:UpdateItem"},
        "BookingRole": {"dynamodb:UpdateItem"},
        "NotificationsRole": {"dynamodb:UpdateItem"},
        "FailuresRole": {f"dynamodb:{what}Item" for what in ("Get", "Put", "Update", "Delete")},
    }
    assert [name for name, each in RUNNING if key in as_list(each.get("Resource"))] == ["FailuresRole"]


def test_frames_are_added_and_never_changed():
    """Audit entries are stored beside the frames: only the desk writes them, which has no role in the template.

    The ingress changes rows, but only the attributes of judgements, and reads none by it.
    """
    table = {"Fn::GetAtt": ["ConversationsTable", "Arn"]}
    writing = {
        action
        for _, each in statements(TEMPLATE)
        if table in as_list(each.get("Resource"))
        for action in as_list(each["Action"])
        if action not in {"dynamodb:Query", "dynamodb:GetItem", "dynamodb:ConditionCheckItem"}
    }
    assert writing == {"dynamodb:PutItem", "dynamodb:UpdateItem"}
    [(role, judging)] = [
        (role, each)
        for role, each in statements(TEMPLATE)
        if table in as_list(each.get("Resource")) and "dynamodb:UpdateItem" in as_list(each["Action"])
    ]
    assert (role, judging["Action"]) == ("IngressRole", "dynamodb:UpdateItem")
    assert judging["Condition"] == {
        "ForAllValues:StringEquals": {
            "dynamodb:Attributes": ["session_id", "seq", "verdict", "verdict_reason", "judged_at", "tenant_verdict"]
        },
        "StringEqualsIfExists": {"dynamodb:ReturnValues": "NONE"},
    }


def test_only_the_failures_worker_deletes_dead_letters():
    """The other workers add dead letters; a worker that could delete one could lose it."""
    dead_letters = {name for name in of_type(TEMPLATE, "AWS::SQS::Queue") if name.endswith("DeadLetters")}
    deleting = {
        name
        for name, each in statements(TEMPLATE)
        for resource in as_list(each.get("Resource"))
        if isinstance(resource, dict) and resource.get("Fn::GetAtt", [""])[0] in dead_letters
        if "sqs:DeleteMessage" in as_list(each["Action"])
    }
    assert deleting == {"FailuresRole"}
