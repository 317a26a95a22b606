"""What the workflow's role may do directly, with IAM enforced: everything that `make deploy` calls, and no more.

The emulator's CloudFormation creates resources without asking: `tests/infra/test_deploy_role.py` compares the role with
what AWS says that CloudFormation calls for each of them.
"""

import base64
import json
from collections import Counter
from datetime import UTC, datetime

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.aws import REGION, Target
from infra.dependencies import Platform
from infra.deploy import TEMPLATE
from infra.deployment.deployment import deploy_to_account
from infra.deployment.request import Artifacts, Environment, Request
from infra.local.emulator import start_emulator, wait_for_emulator
from infra.local.environment import build_clean_environment
from infra.local.interrupts import Interrupts
from infra.local.ports import HOST, find_free_port
from infra.local.processes import Children
from infra.package import BUILD, PACKAGES, build_package

pytestmark = pytest.mark.iam

ISSUER = "https://token.actions.githubusercontent.com"
MAIN = "repo:owner/name:ref:refs/heads/main"


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    return tmp_path_factory.mktemp("record") / "record.jsonl"


@pytest.fixture(scope="module")
def target(tmp_path_factory, record):
    folder, port = tmp_path_factory.mktemp("emulator"), find_free_port()
    children = Children(folder, Interrupts())
    try:
        environment = build_clean_environment()
        emulator = start_emulator(
            children, port=port, scratch=folder / "scratch", environment=environment, iam_record=record
        )
        wait_for_emulator(emulator, port)
        yield Target(endpoint_url=f"http://{HOST}:{port}")
    finally:
        children.stop_all()


@pytest.fixture(scope="module")
def package():
    return build_package(PACKAGES[0], BUILD / "packages" / Platform.LOCAL.value, Platform.LOCAL, reuse=True)


def deploy(target, clients, package, **parameters):
    """Deploy with change sets, as to AWS, and return the outputs."""
    environment = Environment(
        clients=clients,
        account="000000000000",
        region=REGION,
        report=lambda _line: None,
        confirm=lambda _question: True,
        now=lambda: datetime.now(UTC),
        release="0.1.0",
        commit="",
        poll_seconds=0.02,
        endpoint_url=target.endpoint_url,
    )
    named = {"LocalEndpoint": target.endpoint_url, "GitHubRepository": "owner/name", "AlertEmail": "ops@example.com"}
    artifacts = Artifacts(TEMPLATE, {"ingress": package, "workers": package})
    return deploy_to_account(Request("stride", {**named, **parameters}), environment, artifacts)


def make_token(subject):
    """Return a token as GitHub issues it; the emulator reads the claims, but verifies no signature."""
    claims = {"iss": ISSUER, "aud": "sts.amazonaws.com", "sub": subject}
    parts = ({"alg": "RS256", "typ": "JWT"}, claims, {})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


def sign_in(target, role_arn, subject):
    """Return clients with the workflow's session of the role."""
    answer = target.client("sts").assume_role_with_web_identity(
        RoleArn=role_arn, RoleSessionName="1234", WebIdentityToken=make_token(subject)
    )["Credentials"]
    config = Config(s3={"addressing_style": "path"})

    def client(service):
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=target.endpoint_url,
            aws_access_key_id=answer["AccessKeyId"],
            aws_secret_access_key=answer["SecretAccessKey"],
            aws_session_token=answer["SessionToken"],
            config=config,
        )

    return client


@pytest.fixture(scope="module")
def outputs(target, package):
    """Deploy as a person does the first time, which creates the workflow's role.

    The secret with the key of Google's service account is created by hand. The identity provider exists, too: the
    emulator knows no template that creates one.
    """
    target.client("secretsmanager").create_secret(Name="chatbot/google-calendar", SecretString="{}")
    provider = target.client("iam").create_open_id_connect_provider(Url=ISSUER, ClientIDList=["sts.amazonaws.com"])
    return deploy(target, target.client, package, GitHubOidcProviderArn=provider["OpenIDConnectProviderArn"])


def test_the_workflow_updates_the_stack(target, package, record, outputs):
    """Nothing is denied to it, from the survey to the record of the deployment."""
    client = sign_in(target, outputs["DeployRoleArn"], MAIN)
    deploy(target, client, package, LogLevel="DEBUG")

    variables = target.client("lambda").get_function_configuration(FunctionName="stride-ingress")["Environment"]
    assert variables["Variables"]["LOG_LEVEL"] == "DEBUG"
    decisions = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    calls = Counter((one["decision"], one["action"]) for one in decisions if "-DeployRole-" in one["role"])
    assert not [call for call in calls if call[0] != "Allow"]
    assert calls["Allow", "cloudformation:ExecuteChangeSet"] == 1


@pytest.mark.parametrize("subject", ["repo:owner/name:ref:refs/heads/other", "repo:owner/fork:ref:refs/heads/main"])
def test_another_branch_gets_no_session(target, outputs, subject):
    """The subject of the token is compared as a whole."""
    with pytest.raises(ClientError, match="AccessDenied"):
        sign_in(target, outputs["DeployRoleArn"], subject)


@pytest.mark.parametrize(
    ("service", "call", "arguments"),
    [
        ("secretsmanager", "get_secret_value", {"SecretId": "SessionKeySecretId"}),
        ("dynamodb", "scan", {"TableName": "AppointmentsTable"}),
        ("dynamodb", "delete_table", {"TableName": "AppointmentsTable"}),
        ("s3", "get_object", {"Bucket": "KnowledgeBucket", "Key": "any"}),
        ("sqs", "receive_message", {"QueueUrl": "ChatQueueUrl"}),
    ],
)
def test_the_workflow_reads_and_deletes_no_data(target, outputs, service, call, arguments):
    """A push alone must not be enough to see a visitor's data, or to lose it."""
    client = sign_in(target, outputs["DeployRoleArn"], MAIN)(service)
    named = {name: outputs.get(value, value) for name, value in arguments.items()}
    with pytest.raises(ClientError, match=r"AccessDenied|not authorized"):
        getattr(client, call)(**named)
