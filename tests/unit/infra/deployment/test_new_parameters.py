"""Stacks of the release before get the new parameters: what they had keeps its value and its resources."""

from pathlib import Path

from tests.unit.infra.deployment.operator import EMAIL, TEMPLATE

BEFORE = Path(__file__).parents[3] / "compatibility" / "fixtures" / "template.yaml"
PROVIDER = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
TOPIC = "arn:aws:sns:eu-central-1:111122223333:alerts"


def test_text_messages_stay_off_in_a_stack_that_had_them_off(operator):
    """Its topic was for alerts: `auto`, the new default, would begin to send text messages, which cost money."""
    operator.template = BEFORE
    operator.deploy(SnsTopicArn=TOPIC)
    operator.template = TEMPLATE
    operator.deploy()
    assert (operator.stack.parameters["SmsEnabled"], operator.stack.parameters["SnsTopicArn"]) == ("false", TOPIC)


def test_a_new_stack_with_the_topic_of_the_predecessor_sends_text_messages(operator):
    """The predecessor sent them where it had a topic."""
    outputs = operator.deploy(SnsTopicArn=TOPIC)
    assert (operator.stack.parameters["SmsEnabled"], outputs["SmsEnabled"]) == ("auto", "true")


def test_a_domain_replaces_the_verified_address_and_leaves_it_in_ses(deployed):
    """A verification that another sender uses is not undone."""
    deployed.deploy(SesDomain="example.com")
    assert ("SenderDomain" in deployed.physical_ids(), "Sender" in deployed.physical_ids()) == (True, False)
    assert ("AWS::SES::EmailIdentity", EMAIL["SesFromEmail"]) in deployed.account.existing


def test_a_domain_that_ses_has_verified_already_is_used(operator):
    """SES creates no second identity, so the deployment would fail."""
    operator.account.existing["AWS::SES::EmailIdentity", "example.com"] = {}
    operator.deploy(**EMAIL, SesDomain="example.com")
    assert operator.stack.parameters["CreateSenderIdentity"] == "false"
    assert "SenderDomain" not in operator.physical_ids()


def test_the_provider_of_the_account_is_used(operator):
    """Another stack has created it, or a person: IAM refuses a second one."""
    operator.account.existing["AWS::IAM::OIDCProvider", PROVIDER] = {}
    outputs = operator.deploy(GitHubRepository="owner/name")
    assert operator.stack.parameters["GitHubOidcProviderArn"] == PROVIDER
    assert "GitHubOidcProvider" not in operator.physical_ids()
    assert (f"{PROVIDER} exists" in operator.text, "DeployRoleArn" in outputs) == (True, True)
    operator.deploy()
    assert "Nothing changes" in operator.text


def test_a_provider_that_the_stack_created_stays_in_it(operator):
    """The next deployment does not take it for somebody else's."""
    operator.deploy(GitHubRepository="owner/name")
    operator.deploy()
    assert "Nothing changes" in operator.text
    assert operator.stack.parameters["GitHubOidcProviderArn"] == ""
    assert "GitHubOidcProvider" in operator.physical_ids()


def test_without_a_repository_nobody_looks_for_a_provider(operator):
    """Most installations deploy by hand."""
    operator.deploy()
    assert operator.account.called("list_open_id_connect_providers") == []
