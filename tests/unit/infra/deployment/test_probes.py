"""What the probes say about an account: the finding, its meaning and what to do."""

import pytest

from infra.deployment.code_bucket import CodeBucket
from infra.deployment.findings import Verdict
from infra.deployment.probes import probe_account
from tests.fakes.aws_account.account import FakeAccount

ALL = {
    "BedrockModelId": "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
    "BedrockFoundationModelId": "anthropic.claude-haiku-4-5-20251001-v1:0",
    "SesFromEmail": "visits@example.com",
    "SmsEnabled": "true",
    "GoogleSecretName": "chatbot/google-calendar",
}


@pytest.fixture
def account():
    account = FakeAccount()
    account.existing["AWS::SecretsManager::Secret", "chatbot/google-calendar"] = {"version": "1"}
    return account


def warnings(account, values=ALL):
    return [each for each in probe_account(account.client, values) if each.verdict is not Verdict.OK]


def test_a_prepared_account_has_no_warnings(account):
    """Model, sandboxes and secret are in order; each is reported once."""
    subjects = [each.subject for each in probe_account(account.client, ALL)]
    assert subjects == ["model", "model", "e-mail", "text messages", "calendar key"]
    assert warnings(account) == []


@pytest.mark.parametrize(
    ("prepare", "found", "action"),
    [
        (lambda a: setattr(a.bedrock, "has_profile", False), "no inference profile eu.anthropic", "BedrockModelId"),
        (lambda a: setattr(a.bedrock, "agreement", "NOT_AVAILABLE"), "agreement is not accepted", "use-case form"),
        (lambda a: setattr(a.bedrock, "lifecycle", "LEGACY"), "is a legacy model", "BedrockFoundationModelId"),
        (lambda a: setattr(a.ses, "has_production_access", False), "SES is in the sandbox", "production access"),
        (lambda a: setattr(a.sns, "is_in_sandbox", True), "SNS is in the SMS sandbox", "spending limit"),
        (lambda a: a.existing.clear(), "no secret chatbot/google-calendar", "create-secret"),
    ],
)
def test_what_is_missing_is_found_with_its_meaning_and_what_to_do(account, prepare, found, action):
    """None of them stops the deployment: the installation starts, and the owner can act later."""
    prepare(account)
    [warning] = warnings(account)
    assert found in warning.found
    assert warning.meaning
    assert action in warning.action
    assert warning.verdict is Verdict.WARNING


def test_what_is_off_is_not_probed(account):
    """Without a sender and without text messages their sandboxes do not matter."""
    probe_account(account.client, {**ALL, "SesFromEmail": "", "SmsEnabled": "false"})
    assert {service for service, _, _ in account.calls} == {"bedrock", "secretsmanager"}


@pytest.mark.parametrize(("topic", "is_on"), [("arn:aws:sns:eu-central-1:1:owner", True), ("", False)])
def test_text_messages_that_follow_the_topic_are_probed_with_it(account, topic, is_on):
    """`auto` is the default of the template."""
    findings = probe_account(account.client, {"SmsEnabled": "auto", "SnsTopicArn": topic})
    assert ("text messages" in {each.subject for each in findings}) == is_on


@pytest.mark.parametrize(
    ("address", "domain", "found"),
    [
        ("visits@example.com", "example.com", None),
        ("visits@Mail.Example.com", "example.com", None),
        ("visits@example.com", "", None),
        ("", "example.com", "SesFromEmail is empty"),
        ("visits@example.com", "mail.example.com", "visits@example.com is not an address of mail.example.com"),
        ("visits@notexample.com", "example.com", "visits@notexample.com is not an address of example.com"),
    ],
)
def test_a_sender_outside_of_the_verified_domain_is_reported(account, address, domain, found):
    """SES would refuse every e-mail, after a deployment without any error."""
    findings = probe_account(account.client, {"SesFromEmail": address, "SesDomain": domain})
    reported = [each.found for each in findings if each.verdict is Verdict.WARNING]
    assert [found in each for each in reported] == ([True] if found else [])


@pytest.mark.parametrize("code", ["AccessDeniedException", "AuthorizationError", "InternalFailure"])
def test_a_probe_without_permission_or_answer_says_so_and_the_others_go_on(account, code):
    """It never raises."""
    account.refuse("sesv2", "get_account", code, "reason")
    [unknown] = warnings(account)
    assert unknown.verdict is Verdict.UNKNOWN
    assert ("ses:GetAccount" in unknown.action) == (code != "InternalFailure")


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_the_code_bucket_is_created_in_every_region(account, region):
    """us-east-1 refuses its own name as a location constraint."""
    bucket = CodeBucket(account.client("s3"), "stride-code", region)
    assert not bucket.exists()
    bucket.create()
    assert bucket.exists()
    assert account.existing["AWS::S3::Bucket", "stride-code"] == {"closed": True}
    [arguments] = account.called("create_bucket")
    assert ("CreateBucketConfiguration" in arguments) == (region != "us-east-1")


@pytest.mark.parametrize("name", ["FallbackModelId", "AllowedModelIds"])
def test_models_of_several_geographies_stop_the_deployment(account, name):
    """The worker would not start; one parameter says that data may leave the geography of the model."""
    for values in ({name: "global.anthropic.claude-haiku-5-5"}, {name: "us.anthropic.claude-haiku-5-5"}):
        [finding] = warnings(account, {**ALL, **values})
        assert (finding.subject, finding.verdict) == ("models", Verdict.BLOCKED)
        assert values[name] in finding.found
        assert "ModelsMayLeaveGeography=true" in finding.action
        assert warnings(account, {**ALL, **values, "ModelsMayLeaveGeography": "true"}) == []
    assert warnings(account, {**ALL, name: "eu.anthropic.claude-haiku-5-5"}) == []
