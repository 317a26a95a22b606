"""The code bucket: only one of our own account is used, and what is in it may be damaged."""

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from infra.deployment.code_bucket import CodeBucket
from infra.deployment.errors import DeployError
from tests.unit.infra.deployment.operator import EMAIL

NAME = "stride-code-111122223333-eu-central-1"


@pytest.fixture
def squatted(operator):
    """An account whose bucket name somebody else has occupied, with a bucket that is open to everybody."""
    operator.account.existing["AWS::S3::Bucket", NAME] = {"owner": "999988887777"}
    operator.account.objects[NAME, "ingress-1.zip"] = b"of somebody else"
    return operator


def test_nothing_is_uploaded_to_the_bucket_of_another_account(squatted):
    """Its owner could exchange the packages and the template before CloudFormation reads them."""
    with pytest.raises(DeployError, match=f"{NAME} exists, .* another --stack if it belongs to another account"):
        squatted.deploy(**EMAIL)
    assert list(squatted.account.objects) == [(NAME, "ingress-1.zip")]


@pytest.mark.parametrize(
    "use",
    [
        lambda bucket: bucket.exists(),
        lambda bucket: bucket.put("ingress", ".zip", b"code"),
        lambda bucket: bucket.write("key", b"content"),
        lambda bucket: bucket.has("ingress-1.zip"),
        lambda bucket: bucket.get("ingress-1.zip"),
        lambda bucket: bucket.keys(""),
    ],
    ids=["exists", "put", "write", "has", "get", "keys"],
)
def test_every_request_names_the_owner(squatted, use):
    """The bucket can change hands between two requests: our own was deleted, and somebody took the name."""
    account = squatted.account
    bucket = CodeBucket(account.client("s3"), NAME, "eu-central-1", owner="111122223333")
    with pytest.raises((DeployError, ClientError)):
        use(bucket)
    use(replace(bucket, owner="999988887777"))


def test_a_name_that_another_account_took_meanwhile_is_reported(squatted):
    """Between the look and the creation."""
    bucket = CodeBucket(squatted.account.client("s3"), NAME, "eu-central-1", owner="111122223333")
    with pytest.raises(DeployError, match=f"{NAME} belongs to another account: use another --stack"):
        bucket.create()


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"{}", b'{"retained": {"a": 1}}', b"\xff"])
def test_a_damaged_record_is_named_with_the_command_that_removes_it(deployed, content):
    """Every deployment reads all records, so a traceback would be the end of all deployments."""
    deployed.account.objects[NAME, "deployments/stride/note.json"] = content
    command = f"aws s3 rm s3://{NAME}/deployments/stride/note.json"
    for attempt in (deployed.deploy, deployed.restore):
        with pytest.raises(DeployError, match=rf"deployments/stride/note\.json .* is no record .* {command}"):
            attempt()
