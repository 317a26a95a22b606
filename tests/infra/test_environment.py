"""The user's AWS credentials reach none of the stack's processes but the Bedrock client."""

import os

import pytest

from infra.local.bedrock_access import NoCredentialsFoundError, build_aws_variables, build_stand_in_variables
from infra.local.environment import build_pool_environment


@pytest.fixture
def no_configuration(monkeypatch):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def credentials(monkeypatch, no_configuration):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "users-own-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "users-own-secret")


def environment(bedrock):
    return build_pool_environment("http://127.0.0.1:4566", {}, bedrock=bedrock)


def test_with_the_stand_in_no_real_credential_reaches_a_pool(credentials):
    """An error in the local stack can't affect an AWS account."""
    variables = environment(build_stand_in_variables("http://127.0.0.1:2"))
    assert variables["AWS_ACCESS_KEY_ID"] == "test"
    assert not [name for name, value in variables.items() if "users-own" in value]


def test_with_the_real_bedrock_credentials_go_to_its_client_alone(credentials):
    """They have names that only the chat worker's Bedrock client reads, with the endpoint of AWS."""
    variables = environment(build_aws_variables())
    assert variables["AWS_ACCESS_KEY_ID"] == "test"
    assert [name for name, value in variables.items() if "users-own" in value] == [
        "BEDROCK_ACCESS_KEY_ID",
        "BEDROCK_SECRET_ACCESS_KEY",
    ]
    assert variables["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] == "https://bedrock-runtime.eu-central-1.amazonaws.com"


@pytest.mark.parametrize(("configured", "used"), [("eu-west-1", "eu-west-1"), ("us-east-1", "eu-central-1")])
def test_bedrock_stays_in_europe(monkeypatch, credentials, configured, used):
    """The inference profile exists in EU regions only, so another region of the user is not used."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", configured)
    assert build_aws_variables()["BEDROCK_REGION"] == used


def test_missing_credentials_are_reported_with_a_remedy(no_configuration):
    """The message names the variables, and how to do without credentials."""
    with pytest.raises(NoCredentialsFoundError, match=r"AWS_PROFILE.+leave BEDROCK out"):
        build_aws_variables()
