"""Deploying to a running emulator, and deploying again."""

import json
import os
import subprocess
import sys

import pytest

from infra.deploy import deploy_stack
from infra.deployment.emulator import put_stack
from infra.deployment.errors import DeployError
from infra.deployment.template import Template
from infra.local.provision import provision_stack
from ops.web.open_id import RETURN
from ops.web.settings import WebSettings
from shared.tenants.parse import parse_profile
from tests.deadlines import DEADLINE_SECONDS


def test_a_pool_can_read_its_settings_from_the_written_file(target, tmp_path):
    """The file for the shell has all of a worker's settings; a second run changes nothing."""
    for _ in range(2):
        provision_stack(
            target,
            folder=tmp_path,
            tenant="studio-lumen",
            site_url="http://127.0.0.1:8080",
            calendar_url="http://127.0.0.1:8401/calendar/v3/",
            bedrock_url="http://127.0.0.1:8402",
        )
    script = f"set -a; . {tmp_path}/pools.env; exec {sys.executable} -c "
    script += "'from workers.booking.settings import BookingSettings as s; print(s().booking_queue_url)'"
    bare = {"PATH": os.environ["PATH"], "PYTHONPATH": "."}
    completed = subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, check=True, env=bare, timeout=DEADLINE_SECONDS
    )
    assert completed.stdout.strip().endswith("stride-booking.fifo")
    assert (tmp_path / "google-service-account.json").exists()


def test_the_demo_page_may_connect_and_the_tables_expire(target):
    """Time to live is enabled through the API, and links in e-mails open the demo page."""
    tables = target.client("dynamodb")
    for name in tables.list_tables()["TableNames"]:
        assert tables.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"
    s3 = target.client("s3")
    bucket = next(each["Name"] for each in s3.list_buckets()["Buckets"] if "knowledge" in each["Name"])
    profile = s3.get_object(Bucket=bucket, Key="studio-lumen/profile.yaml")["Body"].read().decode()
    assert "http://127.0.0.1:8080" in profile
    assert parse_profile(profile).email_link_page_url == "http://127.0.0.1:8080/"


def test_a_change_of_a_parameter_updates_the_stack(target, packages):
    """The second deployment keeps the API and the keys."""
    first = deploy_stack(target, stack="stride", parameters={"Workers": "pools"}, packages=packages)
    second = deploy_stack(
        target, stack="stride", parameters={"Workers": "pools", "LogLevel": "DEBUG"}, packages=packages
    )
    assert second == {**first, "LogLevel": "DEBUG"}
    config = target.client("lambda").get_function_configuration(FunctionName=first["IngressName"])
    assert config["Environment"]["Variables"]["LOG_LEVEL"] == "DEBUG"


def test_two_stacks_in_an_account_have_their_own_dashboard_alarm_and_topic(target, packages):
    """Neither replaces what the other has, and each notifies its own address."""
    cloudwatch, sns = target.client("cloudwatch"), target.client("sns")
    for prefix in ("first", "second"):
        parameters = {"Prefix": prefix, "AppointmentsTableName": f"{prefix}-visits", "Workers": "pools"}
        parameters |= {"AlertEmail": f"{prefix}@example.com", "MetricsNamespace": f"StrideChat-{prefix}"}
        outputs = deploy_stack(target, stack=prefix, parameters=parameters, packages=packages)
        body = cloudwatch.get_dashboard(DashboardName=f"Chatbot-Dashboard-{prefix}-{target.region}")["DashboardBody"]
        assert f"StrideChat-{prefix}" in body
        [alarm] = cloudwatch.describe_alarms(AlarmNames=[f"{prefix}-bedrock-latency"])["MetricAlarms"]
        assert (alarm["Namespace"], alarm["AlarmActions"]) == (f"StrideChat-{prefix}", [outputs["AlertTopicArn"]])
        [address] = sns.list_subscriptions_by_topic(TopicArn=outputs["AlertTopicArn"])["Subscriptions"]
        assert (address["Protocol"], address["Endpoint"]) == ("email", f"{prefix}@example.com")


def test_a_profile_of_another_continent_is_refused_before_anything_is_created(target, packages):
    """The reason says what to set."""
    american = {"Workers": "pools", "BedrockModelId": "us.anthropic.claude-haiku-4-5-20251001-v1:0"}
    with pytest.raises(DeployError, match=r"regions in Europe set BedrockModelId to eu\."):
        deploy_stack(target, stack="american", parameters=american, packages=packages)


def test_accounts_for_the_desk_are_created_on_request_only(target, packages):
    """Both parameters create them, none creates none, and one alone is refused with the reason."""
    users = target.client("cognito-idp")
    named = {"Prefix": "with-desk", "AppointmentsTableName": "with-desk-appointments", "Workers": "pools"}
    plain = deploy_stack(target, stack="with-desk", parameters=named, packages=packages)
    assert users.list_user_pools(MaxResults=9)["UserPools"] == []
    assert not [name for name in plain if name.startswith("Desk")]
    desk_parameters = {"DeskPublicUrl": "http://localhost:8090", "DeskDomainPrefix": "stride-desk"}
    with pytest.raises(DeployError, match="DeskPublicUrl and DeskDomainPrefix go together"):
        deploy_stack(
            target, stack="with-desk", parameters=named | {"DeskDomainPrefix": "stride-desk"}, packages=packages
        )
    outputs = deploy_stack(target, stack="with-desk", parameters=named | desk_parameters, packages=packages)
    [pool] = users.list_user_pools(MaxResults=9)["UserPools"]
    assert outputs["DeskUserPoolId"] == pool["Id"]
    read = WebSettings(oidc_issuer=outputs["DeskOidcIssuer"], oidc_client_id=outputs["DeskOidcClientId"])
    assert read.oidc_issuer == f"https://cognito-idp.{target.region}.amazonaws.com/{pool['Id']}"
    client = users.describe_user_pool_client(UserPoolId=pool["Id"], ClientId=read.oidc_client_id)["UserPoolClient"]
    assert client["CallbackURLs"] == [f"http://localhost:8090{RETURN}"]
    assert "ClientSecret" not in client


def put(target, stack, resources):
    """Create or update a stack of the given resources."""
    client = target.client("cloudformation")
    template = Template(json.dumps({"Resources": resources}))
    return put_stack(client, name=stack, template=template, parameters={})


def test_a_failed_deployment_names_the_resource_and_the_reason_and_can_be_repeated(target):
    """The error names the failed resource and the reason; the next attempt replaces the failed stack."""
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "there"}}
    stream = {"Type": "AWS::Logs::LogStream", "Properties": {"LogGroupName": "not-there"}}
    with pytest.raises(DeployError, match=r"(?s)Broken \(AWS::Logs::LogStream\): .+ does not exist"):
        put(target, "mended", {"Broken": stream})
    assert put(target, "mended", {"Group": group}) == {}


def test_a_template_that_cannot_be_read_is_refused_with_the_reason(target):
    """The error contains CloudFormation's message."""
    with pytest.raises(DeployError, match=r"refused the template: .*AWS::No::Such"):
        put(target, "nonsense", {"Broken": {"Type": "AWS::No::Such"}})
