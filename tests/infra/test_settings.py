"""Settings, template and documentation name the same things, so that functions and pools are configured alike."""

import importlib
import re
from pathlib import Path

import pytest

from infra.deploy import outputs_to_settings
from shared.settings import PoolSettings
from tests.infra.conditions import Deployment
from tests.infra.resources import TEMPLATE, WORKERS
from tests.infra.template import everything_in

PAGE = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
CLASSES = {
    "ChatFunction": "workers.chat.settings.ChatSettings",
    "BookingFunction": "workers.booking.settings.BookingSettings",
    "NotificationsFunction": "workers.notifications.settings.NotificationsSettings",
    "FailuresFunction": "workers.failures.settings.FailuresSettings",
}

SET_BY_LAMBDA = {"aws_region"}
ON_EMULATORS = {
    *("aws_endpoint_url", "google_calendar_endpoint", "caldav_private_addresses"),
    *("bedrock_region", "bedrock_access_key_id", "bedrock_secret_access_key", "bedrock_session_token"),
}
"""Only beside an emulator: addresses, and access to Bedrock on AWS where all else is emulated."""

SECRETS = {"google_service_account_key"}
"""Outputs are displayed to everybody who may describe the stack."""

OPTIONAL = {("NotificationsFunction", "websocket_endpoint")}
"""What a worker reads although it may be empty: the release before did not set it."""

UNUSED = {"conversations_table", "connections_table", "websocket_endpoint", "knowledge_bucket"}
"""Settings of all workers that some leave empty."""

EVERYTHING = {
    "SesFromEmail": "visits@example.com",
    "SesDomain": "example.com",
    "SmsEnabled": "true",
    "SmsCountries": "DE,CZ",
    "SmsSenderId": "SalonAnia",
    "SmsMaxPriceUsd": "0.3",
    "NoticesPerMinute": "20",
    "NoticesPerContact": "30",
    "SmsDailyUsd": "5",
    "SnsTopicArn": "arn:aws:sns:eu-central-1:123456789012:former",
    "AlertTopicArn": "arn:aws:sns:eu-central-1:123456789012:alerts",
    "GoogleSecretName": "other/name",
    "CaldavSecretName": "other/caldav",
    "GoogleDelegatedSubject": "owner@example.com",
    "GoogleServiceAccountKey": "{}",
    "AllowedModelIds": "eu.other",
    "FallbackModelId": "eu.fallback",
    "IntentModelId": "eu.other",
    "ModelsMayLeaveGeography": "true",
    "HoldsPerAddress": "7",
    "HeldSharePercent": "40",
    "ProofOfWork": "tries=400",
    "Visits": "moves=9",
    "CalendarMoveWaitMinutes": "20",
    "GoogleRequestsPerMinute": "900",
    "MetricsNamespace": "StrideChat-test",
    "LogLevel": "WARNING",
    "AppointmentsTableName": "visits",
    "DeskPublicUrl": "https://desk.example.com",
    "DeskDomainPrefix": "desk",
}
"""A value other than the default for each parameter that reaches a worker."""


def load_class(name):
    module, _, attribute = CLASSES[name].rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def fields(name):
    """Return the settings that a worker reads; those that it leaves empty are none."""
    return {
        field
        for field, info in load_class(name).model_fields.items()
        if (name, field) in OPTIONAL or not (field in UNUSED and not info.is_required() and info.default == "")
    }


def variables(name, **parameters):
    environment = Deployment(TEMPLATE, **parameters).properties(name)["Environment"]["Variables"]
    return {variable: str(value) for variable, value in environment.items()}


def outputs(**parameters):
    """Return the outputs of a deployment as variables of a pool."""
    deployment = Deployment(TEMPLATE, Workers="pools", **parameters)
    values = {name: deployment.output(name) for name in TEMPLATE["Outputs"]}
    return outputs_to_settings({name: str(value) for name, value in values.items() if value is not None})


def test_every_worker_is_compared():
    """A further worker is a further line above."""
    assert set(CLASSES) == WORKERS


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_setting_is_given_to_the_function(name):
    """A setting that the template does not set can't be changed on AWS."""
    given = {variable.lower() for variable in variables(name, **EVERYTHING)}
    assert fields(name) - SET_BY_LAMBDA - ON_EMULATORS <= given


@pytest.mark.parametrize("name", sorted(CLASSES))
@pytest.mark.parametrize("parameters", [{}, EVERYTHING], ids=["defaults", "everything set"])
def test_a_pool_with_the_outputs_reads_what_the_function_reads(name, parameters):
    """`Workers=pools` needs no other source: each variable of the function has the same value in the outputs."""
    function, pool = variables(name, **parameters), outputs(**parameters)
    for variable, value in function.items():
        if variable.lower() in SECRETS or variable.startswith(("POOL_", "AWS_ENDPOINT_URL")):
            continue
        assert pool.get(variable, "") == value, variable
    assert pool["AWS_REGION"] == "eu-central-1"


@pytest.mark.parametrize("name", sorted(CLASSES))
@pytest.mark.parametrize("parameters", [{}, EVERYTHING], ids=["defaults", "everything set"])
def test_a_pool_starts_with_the_outputs_alone(name, parameters, monkeypatch):
    """Each settings class accepts them, and every field that the template can set has its value."""
    for field in load_class(name).model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    for variable, value in outputs(**parameters).items():
        monkeypatch.setenv(variable, value)
    read = load_class(name)()
    if parameters:
        unset = fields(name) - read.model_fields_set
        assert unset <= ON_EMULATORS | SECRETS


@pytest.mark.parametrize("service", ["ecs-tasks.amazonaws.com", "ec2.amazonaws.com"])
@pytest.mark.parametrize("worker", ["Chat", "Booking", "Notifications", "Failures"])
def test_a_pool_has_the_role_of_its_function(worker, service):
    """The same permissions but for the function's log group; only the principal differs."""
    lambdas, pools = Deployment(TEMPLATE), Deployment(TEMPLATE, Workers="pools", PoolService=service)
    [trust] = pools.properties(f"{worker}Role")["AssumeRolePolicyDocument"]["Statement"]
    assert trust == {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    [former] = lambdas.properties(f"{worker}Role")["AssumeRolePolicyDocument"]["Statement"]
    assert former["Principal"] == {"Service": "lambda.amazonaws.com"}

    [of_function], [of_pool] = (each.properties(f"{worker}Role")["Policies"] for each in (lambdas, pools))
    logs = of_function["PolicyDocument"]["Statement"][0]
    assert logs["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert of_pool["PolicyDocument"]["Statement"] == of_function["PolicyDocument"]["Statement"][1:]
    assert pools.output(f"{worker}RoleArn") == f"{worker}Role.Arn"
    assert lambdas.output(f"{worker}RoleArn") is None


def test_the_key_of_google_is_no_output_and_not_displayed():
    """Whoever may describe a stack sees its outputs, and its parameters but for those with NoEcho."""
    assert TEMPLATE["Parameters"]["GoogleServiceAccountKey"]["NoEcho"] is True
    used = [name for name, each in TEMPLATE["Outputs"].items() if "GoogleServiceAccountKey" in everything_in(each)]
    assert used == []
    assert "GOOGLE_SERVICE_ACCOUNT_KEY" not in variables("BookingFunction")
    with_key = variables("BookingFunction", GoogleServiceAccountKey="{}")
    assert (with_key["GOOGLE_SERVICE_ACCOUNT_KEY"], with_key["USE_SECRETS_MANAGER"]) == ("{}", "true")


def read_max_length(parameter):
    """Return how long the pattern of a parameter lets it be."""
    [length] = re.findall(r"\{1,(\d+)\}$", TEMPLATE["Parameters"][parameter]["AllowedPattern"])
    return int(length)


def test_a_key_fits_into_the_variables_of_the_function():
    """Lambda allows 4 KB for all of them (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""
    key = "k" * TEMPLATE["Parameters"]["GoogleServiceAccountKey"]["MaxLength"]
    given = variables("BookingFunction", **{**EVERYTHING, "GoogleServiceAccountKey": key})
    # Addresses and ARNs of a deployment have up to 95 characters, other values those of the parameters.
    names_of_secrets = {"GOOGLE_SECRET_ID": "GoogleSecretName", "CALDAV_SECRET_ID": "CaldavSecretName"}
    size = sum(
        len(name)
        + (
            read_max_length(names_of_secrets[name])
            if name in names_of_secrets
            else max(len(value), 95 if name.endswith(("_URL", "_ARN", "_ID")) else 0)
        )
        for name, value in given.items()
    )
    assert size <= 4096


MAX_LENGTHS = {
    "METRICS_NAMESPACE": 200,
    "APPOINTMENTS_TABLE": 255,
    "SES_FROM_EMAIL": 254,
    "GOOGLE_DELEGATED_SUBJECT": 254,
    "SMS_COUNTRIES": 249 * len("DE,"),
    "GOOGLE_SECRET_ID": 64,
    "CALDAV_SECRET_ID": 64,
    "PROOF_OF_WORK": len("tries=99999,holds=999,share=100"),
    "VISITS": len("contact=9999,address=9999,moves=9999"),
    "GOOGLE_REQUESTS_PER_MINUTE": 7,
    # An id of ten characters and the longest name of a stage.
    "WEBSOCKET_ENDPOINT": len("https://.execute-api.eu-central-1.amazonaws.com/") + 10 + 64,
}
"""Of what is set or generated: an e-mail address has 254 characters (RFC 5321, 4.5.3.1.3), and a list of countries
names each once. Other parameters have the length of the example."""

LENGTHS_OF_KINDS = {"_URL": 110, "_ARN": 110, "_ID": 110, "_TABLE": 64}
"""Of names and addresses that are generated, with the longest prefix."""


def find_max_length(name, value):
    by_kind = next((length for suffix, length in LENGTHS_OF_KINDS.items() if name.endswith(suffix)), 0)
    return MAX_LENGTHS.get(name) or max(by_kind, len(value))


@pytest.mark.parametrize("name", ["BookingFunction", "NotificationsFunction", "FailuresFunction", "IngressFunction"])
def test_values_of_every_length_fit_into_the_variables_of_a_function(name):
    """Together with each other; the key of a service account is in Secrets Manager then, as the page advises."""
    given = variables(name, **EVERYTHING)
    assert sum(len(variable) + find_max_length(variable, value) for variable, value in given.items()) <= 4096


@pytest.mark.parametrize(
    ("parameters", "enabled"),
    [
        ({}, "false"),
        ({"SnsTopicArn": EVERYTHING["SnsTopicArn"]}, "true"),
        ({"AlertTopicArn": EVERYTHING["AlertTopicArn"]}, "false"),
        ({"SmsEnabled": "false", "SnsTopicArn": EVERYTHING["SnsTopicArn"]}, "false"),
        ({"SmsEnabled": "true"}, "true"),
    ],
)
def test_text_messages_are_on_where_the_predecessor_sent_them(parameters, enabled):
    """It sent them where it had a topic. A stack that was deployed with `false` keeps that value."""
    deployment = Deployment(TEMPLATE, **parameters)
    for worker in ("BookingFunction", "NotificationsFunction"):
        assert variables(worker, **parameters)["SMS_ENABLED"] == enabled
    assert deployment.output("SmsEnabled") == enabled
    [policy] = deployment.properties("NotificationsRole")["Policies"]
    may_send = any("NotResource" in each for each in policy["PolicyDocument"]["Statement"])
    assert may_send is (enabled == "true")


def rows(heading):
    """Return the cells of the table below a heading of the page."""
    [section] = [part for part in PAGE.split("\n## ") if part.startswith(heading)]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def test_the_page_lists_every_parameter_with_its_default():
    """One page says what can be set."""
    expected = {
        name: f"`{each['Default']}`" if str(each.get("Default", "")) else "none" if "Default" in each else "required"
        for name, each in TEMPLATE["Parameters"].items()
    }
    assert {row[0].strip("`"): row[1] for row in rows("Parameters")} == expected


def test_the_page_lists_every_variable_with_its_parameters_and_readers():
    """The variables of a pool; a parameter is named where the value comes from it."""
    readers = {}
    for name in CLASSES:
        for field in fields(name):
            readers.setdefault(field.upper(), []).append(name.removesuffix("Function").lower())
    for field in PoolSettings.model_fields:
        readers[f"POOL_{field.upper()}"] = ["all"]
    listed = {row[0].strip("`"): row for row in rows("Variables")}
    assert set(listed) == set(readers)
    for variable, row in listed.items():
        expected = readers[variable]
        assert row[2] == ("all" if len(expected) == len(CLASSES) else ", ".join(sorted(expected))), variable
        for parameter in re.findall(r"`(\w+)`", row[1]):
            assert parameter in TEMPLATE["Parameters"], variable
