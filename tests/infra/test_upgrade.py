"""On the emulator: the template of the release before is upgraded, and the way to AWS is gone with change sets."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.deploy import TEMPLATE, deploy_stack
from infra.deployment.cloudformation.stack import list_owned_resources
from infra.deployment.code_bucket import CodeBucket
from infra.deployment.deployment import deploy_to_account
from infra.deployment.emulator import put_stack
from infra.deployment.errors import DeployError
from infra.deployment.request import Artifacts, Environment, Request
from infra.deployment.template import Template

BEFORE = Path(__file__).parents[1] / "compatibility" / "fixtures" / "template.yaml"
DATA = {"AWS::DynamoDB::Table", "AWS::SecretsManager::Secret", "AWS::S3::Bucket", "AWS::SQS::Queue"}
WITH_SENDER = {"Workers": "pools", "SesFromEmail": "visits@example.com"}


def data_ids(target, stack):
    """Return the physical ids of everything that holds data."""
    found = list_owned_resources(target.client("cloudformation"), stack).values()
    return {each.logical_id: each.physical_id for each in found if each.type in DATA}


def put_row(target, table, **row):
    target.client("dynamodb").put_item(TableName=table, Item={name: {"S": value} for name, value in row.items()})


def count_rows(target, table):
    return target.client("dynamodb").scan(TableName=table)["Count"]


def test_the_template_of_the_release_before_is_upgraded(target, packages):
    """Tables, secrets, bucket and queues keep their ids and content, and a parameter that is left out its value."""
    bucket = CodeBucket(target.client("s3"), "release-before", target.region, target.endpoint_url)
    bucket.create()
    values = {
        **WITH_SENDER,
        "Prefix": "upgraded",
        "AppointmentsTableName": "upgraded-appointments",
        "CodeBucket": bucket.name,
        "IngressCodeKey": bucket.upload(packages["ingress"]),
        "LocalEndpoint": target.endpoint_url,
    }
    client = target.client("cloudformation")
    template = Template(BEFORE.read_text(encoding="utf-8"))
    put_stack(client, name="upgraded", template=template, url=bucket.url(bucket.upload(BEFORE)), parameters=values)
    ids = data_ids(target, "upgraded")
    secrets = target.client("secretsmanager")
    values_of_secrets = {
        name: secrets.get_secret_value(SecretId=each)["SecretString"] for name, each in ids.items() if "Key" in name
    }
    put_row(target, "upgraded-slots", pk="salon", bucket="09:00")

    deploy_stack(target, stack="upgraded", parameters={}, packages=packages)

    assert {name: each for name, each in data_ids(target, "upgraded").items() if name in ids} == ids
    assert count_rows(target, "upgraded-slots") == 1
    for name, value in values_of_secrets.items():
        assert secrets.get_secret_value(SecretId=ids[name])["SecretString"] == value
    [stack] = client.describe_stacks(StackName="upgraded")["Stacks"]
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    assert parameters["SesFromEmail"] == "visits@example.com"
    assert set(parameters) == set(Template(TEMPLATE.read_text(encoding="utf-8")).parameters)


@pytest.fixture
def account(target, packages):
    """A function that deploys with change sets, as to AWS, and the lines that it has shown."""

    def run(*, template=TEMPLATE, replaceable=(), **parameters):
        lines.clear()
        environment = Environment(
            clients=target.client,
            account="111122223333",
            region=target.region,
            report=lines.append,
            confirm=lambda _question: True,
            now=lambda: datetime.now(UTC),
            release="0.1.0",
            commit="",
            poll_seconds=0.02,
            endpoint_url=target.endpoint_url,
        )
        named = {
            "LocalEndpoint": target.endpoint_url,
            "Workers": "pools",
            "Prefix": "careful",
            "AppointmentsTableName": "careful-appointments",
        }
        artifacts = Artifacts(template, {**packages, "workers": packages["ingress"]})
        request = Request("careful", {**named, **parameters}, replaceable=replaceable)
        return deploy_to_account(request, environment, artifacts)

    lines: list[str] = []
    run.lines = lines
    return run


@pytest.fixture
def newer(tmp_path):
    """The template of a newer release, with another table."""
    path = tmp_path / "template.yaml"
    text = TEMPLATE.read_text(encoding="utf-8")
    table = text[text.index("  UsageTable:\n") : text.index("  # Failures stay until")]
    path.write_text(text.replace(table, table + table.replace("Usage", "New").replace("-usage", "-new")))
    return path


def delete(target):
    client = target.client("cloudformation")
    client.update_termination_protection(StackName="careful", EnableTerminationProtection=False)
    client.delete_stack(StackName="careful")
    client.get_waiter("stack_delete_complete").wait(StackName="careful", WaiterConfig={"Delay": 1, "MaxAttempts": 20})


@pytest.mark.package  # Nine deployments of the whole template, as slow as a package.
def test_change_sets_create_change_and_import(target, account, newer):
    """First, again, changed, a table left behind by an older template and imported, deleted and deployed again.

    The emulator checks the requests as CloudFormation does.
    """
    outputs = account()
    assert outputs["WebSocketUrl"].startswith("ws://")
    ids = data_ids(target, "careful")

    account()
    assert any("Nothing changes" in line for line in account.lines)

    account(LogLevel="DEBUG")
    assert "  LogLevel: INFO -> DEBUG" in account.lines
    assert data_ids(target, "careful") == ids

    account(template=newer)
    put_row(target, "careful-new", tenant="salon", day="2026-11-28")
    account(replaceable=("NewTable",))
    assert data_ids(target, "careful") == ids
    account(template=newer)
    assert "Imported. The update:" in account.lines
    assert data_ids(target, "careful") == {**ids, "NewTable": "careful-new"}
    assert count_rows(target, "careful-new") == 1
    account(replaceable=("NewTable",))

    put_row(target, "careful-slots", pk="salon", bucket="09:00")
    delete(target)
    # The emulator accepts the request, and can't carry out an import of these types.
    with pytest.raises(DeployError, match=r"not supported by this emulator for AWS::SecretsManager::Secret$"):
        account()
    for each in (each for name, each in ids.items() if name.endswith("Key")):
        target.client("secretsmanager").delete_secret(SecretId=each, ForceDeleteWithoutRecovery=True)
    account()
    kept = {"SlotsTable", "FailuresTable", "KnowledgeBucket", "AppointmentsTable"}
    now = data_ids(target, "careful")
    assert {name: now[name] for name in kept} == {name: ids[name] for name in kept}
    assert count_rows(target, "careful-slots") == 1
