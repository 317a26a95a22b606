"""How a deployment ends when AWS refuses one of its calls: the message says what has happened."""

import pytest
from botocore.exceptions import ClientError

from infra.deploy import describe_end
from infra.deployment.errors import DeployError, UnrecordedError
from infra.deployment.request import Request
from tests.unit.infra.deployment.operator import EMAIL

EXPIRED = ("ExpiredToken", "The security token included in the request is expired")


@pytest.mark.parametrize(
    ("service", "method"),
    [("cloudformation", "update_termination_protection"), ("cloudformation", "list_stack_resources")],
)
def test_a_deployment_that_could_not_be_recorded_is_repeated(operator, service, method):
    """It is not called `not deployed`, and the next deployment records it without a change."""
    operator.account.refuse(service, method, *EXPIRED)
    with pytest.raises(UnrecordedError) as error:
        operator.deploy(**EMAIL)
    text, status = describe_end(error.value)
    assert text.startswith("not finished: the stack is deployed, but the deployment is not recorded")
    assert ("Sign in again" in text, "Deploy again" in text, status) == (True, True, 1)
    assert operator.stack.status == "CREATE_COMPLETE"
    operator.deploy()
    assert "Nothing changes" in operator.text
    assert [key for _, key in operator.account.objects if key.startswith("deployments/")] != []


def test_a_restoration_that_could_not_be_recorded_is_not_repeated(deployed):
    """`previous` of the restored version is the one before it."""
    deployed.code = "second"
    deployed.deploy()
    deployed.account.refuse("s3", "put_object", *EXPIRED)
    with pytest.raises(UnrecordedError, match="do not restore `previous` again"):
        deployed.restore()


@pytest.mark.parametrize("code", ["ExpiredToken", "ValidationError"])
def test_an_expired_session_is_not_called_a_refused_template(deployed, code):
    """The template is not the cause, so nobody should look for an error in it."""
    deployed.account.refuse("cloudformation", "create_change_set", code, "why")
    with pytest.raises((ClientError, DeployError)) as error:
        deployed.deploy(LogLevel="DEBUG")
    text, _ = describe_end(error.value)
    assert ("Sign in again" in text) == (code == "ExpiredToken")
    assert ("refused the template" in text) == (code != "ExpiredToken")


@pytest.mark.parametrize(
    ("name", "physical_id"),
    [
        ("SessionKey", "arn:aws:secretsmanager:eu-central-1:111122223333:secret:stride-typo"),
        ("UsageTable", "stride-usage"),
    ],
)
@pytest.mark.parametrize("is_deployed_before", [True, False])
def test_what_is_to_be_imported_and_does_not_exist_blocks(operator, name, physical_id, is_deployed_before):
    """A new and empty one would be created in its place."""
    if is_deployed_before:
        operator.deploy(**EMAIL)
        operator.delete()
        operator.account.existing.pop(("AWS::DynamoDB::Table", "stride-usage"))
    with pytest.raises(DeployError, match="BLOCKED"):
        operator.deploy_with(Request("stride", EMAIL, imports={name: physical_id}))
    assert f"{physical_id}, which --import names, does not exist" in operator.text


def test_an_import_without_an_id_is_refused(operator):
    with pytest.raises(DeployError, match="--import SessionKey=: the id is missing"):
        operator.deploy_with(Request("stride", EMAIL, imports={"SessionKey": ""}))
