"""The permission that a request asks for is the one that AWS documents."""

import json

import pytest
from ministack.services import dynamodb

from infra.local.iam.requests import (
    ask_for_single_action,
    list_checks_of_email,
    name_alarms,
    name_leading_key,
    name_schedule_group,
    name_stack_of_change_set,
)

GROUP = "arn:aws:scheduler:eu-central-1:000000000000:schedule"
SES = "arn:aws:ses:eu-central-1:000000000000"
EMAIL = {
    "FromEmailAddress": "visits@example.com",
    "Destination": {"ToAddresses": ["jan@example.com"]},
    "Content": {"Raw": {"Data": ""}},
    "ConfigurationSetName": "letters",
}


@pytest.mark.parametrize(
    ("named", "asked"),
    [
        ("sqs:SendMessageBatch", "sqs:SendMessage"),
        ("sqs:DeleteMessageBatch", "sqs:DeleteMessage"),
        ("sqs:ChangeMessageVisibilityBatch", "sqs:ChangeMessageVisibility"),
        ("sqs:ReceiveMessage", "sqs:ReceiveMessage"),
        ("dynamodb:BatchGetItem", "dynamodb:BatchGetItem"),
        (None, None),
    ],
)
def test_a_batch_call_of_sqs_asks_for_the_single_action(named, asked):
    """Permissions for the batch do not exist; DynamoDB has them."""
    assert ask_for_single_action(lambda: named)() == asked


@pytest.mark.parametrize(
    ("service", "body", "query", "expected"),
    [
        ("scheduler", {"GroupName": "reminders"}, {}, f"{GROUP}/reminders/one"),
        ("scheduler", None, {"groupName": ["reminders"]}, f"{GROUP}/reminders/one"),
        ("scheduler", None, {"groupName": "reminders"}, f"{GROUP}/reminders/one"),
        ("scheduler", {}, {}, f"{GROUP}/default/one"),
        ("other", {"GroupName": "reminders"}, {}, f"{GROUP}/default/one"),
    ],
)
def test_a_schedule_is_named_with_its_group(service, body, query, expected):
    """The group is in the body of a creation, and in the query of a deletion."""
    extract = name_schedule_group(lambda *_request: f"{GROUP}/default/one")
    text = b"" if body is None else json.dumps(body).encode()
    assert extract(service, "POST", "/schedules/one", {}, text, query, "eu-central-1", "000000000000") == expected


@pytest.mark.parametrize(
    ("service", "query", "expected"),
    [
        ("cloudformation", {"ChangeSetName": ["change"]}, "stack"),
        ("cloudformation", {"ChangeSetName": ["another"]}, "*"),
        ("cloudformation", {}, "*"),
        ("other", {"ChangeSetName": ["change"]}, "*"),
    ],
)
def test_a_change_set_is_one_of_its_stack(monkeypatch, service, query, expected):
    """It has an ARN, but the stack is the resource that a policy names."""
    monkeypatch.setattr("ministack.services.cloudformation._change_sets", {"change": {"StackId": "stack"}})
    extract = name_stack_of_change_set(lambda *_request: "*")
    assert extract(service, "POST", "/", {}, b"", query, "eu-central-1", "000000000000") == expected


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("cloudwatch:DescribeAlarms", "arn:aws:cloudwatch:eu-central-1:000000000000:alarm:*"),
        ("cloudwatch:PutMetricData", "*"),
    ],
)
def test_describing_alarms_needs_the_permission_for_all_alarms(action, expected):
    """Metrics have no resources."""
    extract = name_alarms(lambda *_request: "*", lambda *_request: action)
    assert extract("monitoring", "POST", "/", {}, b"", {}, "eu-central-1", "000000000000") == expected


def test_an_email_needs_its_sender_its_configuration_set_and_in_the_sandbox_its_recipients():
    """Each check has the keys that conditions compare."""
    checks = list(list_checks_of_email(EMAIL, "eu-central-1", "000000000000"))
    keys = {"ses:FromAddress": "visits@example.com", "ses:Recipients": ["jan@example.com"]}
    resources = ("identity/visits@example.com", "configuration-set/letters", "identity/jan@example.com")
    assert checks == [("ses:SendRawEmail", f"{SES}:{resource}", keys) for resource in resources]


def test_an_email_without_raw_content_asks_for_the_other_action():
    """And without a configuration set it asks for none."""
    email = {**EMAIL, "Content": {"Simple": {}}, "ConfigurationSetName": ""}
    checks = list(list_checks_of_email(email, "eu-central-1", "000000000000"))
    assert [(action, resource.partition(":identity/")[2]) for action, resource, _keys in checks] == [
        ("ses:SendEmail", "visits@example.com"),
        ("ses:SendEmail", "jan@example.com"),
    ]


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (
            {"TableName": "limits", "Key": {"quota": {"S": "rate#a"}, "seat": {"N": "1"}}},
            {"dynamodb:LeadingKeys": ["rate#a"]},
        ),
        ({"TableName": "limits", "Item": {"quota": {"S": "session#a"}}}, {"dynamodb:LeadingKeys": ["session#a"]}),
        ({"TableName": "unknown", "Key": {"quota": {"S": "rate#a"}}}, {}),
        ({"TableName": "limits"}, {}),
    ],
)
def test_the_row_of_a_call_is_named_by_its_partition_key(monkeypatch, call, named):
    """A role may be allowed rows whose key begins like this only."""
    monkeypatch.setattr(dynamodb, "_tables", {"limits": {"pk_name": "quota"}})
    describe = name_leading_key(lambda _body: {"dynamodb:Select": "ALL_ATTRIBUTES"})
    assert describe(json.dumps(call).encode()) == {"dynamodb:Select": "ALL_ATTRIBUTES"} | named
