"""What the template's roles may do, and that no parameter widens it: the emulator allows everybody everything."""

import re

import pytest

from tests.infra.template import as_list, everything_in, load, of_type, statements

TEMPLATE = load()


WITHOUT_RESOURCES = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
"""What can only be allowed for everything: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html"""


def test_nobody_is_allowed_everything():
    """No role has a wildcard for a service's actions, nor for a resource where there are resources to name."""
    for name, statement in statements(TEMPLATE):
        assert statement["Effect"] == "Allow"
        assert "*" not in as_list(statement["Resource"]) or set(statement["Action"]) == WITHOUT_RESOURCES, name
        assert not [action for action in as_list(statement["Action"]) if "*" in action], name


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
    """It becomes part of an ARN, where a wildcard would allow every sender; CloudFormation matches the whole value."""
    pattern = TEMPLATE["Parameters"]["SesFromEmail"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, given)) is accepted


def test_nobody_may_publish_text_messages():
    """No worker sends any, so nothing is allowed to."""
    assert not [name for name, each in statements(TEMPLATE) if any("sns:" in act for act in as_list(each["Action"]))]


def test_nobody_may_scan():
    """Every look-up has a key, so that none grows with the table."""
    assert not [name for name, statement in statements(TEMPLATE) if "dynamodb:Scan" in as_list(statement["Action"])]


def test_the_model_is_allowed_in_every_region_of_its_profile():
    """The European profile may send a call to six regions; one that is missing fails now and then, not always."""
    resources = [
        resource["Fn::Sub"]
        for _, statement in statements(TEMPLATE)
        if "bedrock:InvokeModelWithResponseStream" in as_list(statement["Action"])
        for resource in statement["Resource"]
    ]
    regions = {arn.split("::")[-2].rpartition(":")[2] for arn in resources if "foundation-model" in arn}
    assert regions == {"eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"}
    assert sum("inference-profile/${BedrockModelId}" in arn for arn in resources) == 1
    assert TEMPLATE["Parameters"]["BedrockModelId"]["Default"].startswith("eu.anthropic.claude-haiku-4-5")


def test_googles_secret_is_read_by_booking_alone_and_not_made_here():
    """It exists already; the role may read that one secret of those that the stack did not make."""
    readers = {
        name
        for name, statement in statements(TEMPLATE)
        if any("GoogleSecretName" in text for text in everything_in(statement["Resource"]) if isinstance(text, str))
    }
    assert readers == {"BookingRole"}
    assert TEMPLATE["Parameters"]["GoogleSecretName"]["Default"] == "chatbot/google-calendar"
    assert set(of_type(TEMPLATE, "AWS::SecretsManager::Secret")) == {"SessionKey", "CodeKey"}
