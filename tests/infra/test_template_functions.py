"""The functions in the template: settings, timeouts, traces, and pools instead of them."""

import importlib

import pytest

from api_gateway_ws.adapters import http_connection
from shared.settings import PoolSettings
from tests.infra.conditions import Deployment
from tests.infra.resources import (
    FUNCTIONS,
    QUEUED,
    TEMPLATE,
    WORKERS,
    properties,
)

SETTINGS = {
    "AuthorizerFunction": "api_gateway_ws.settings.AuthorizerSettings",
    "IngressFunction": "api_gateway_ws.settings.IngressSettings",
    "ChatFunction": "workers.chat.settings.ChatSettings",
    "BookingFunction": "workers.booking.settings.BookingSettings",
    "NotificationsFunction": "workers.notifications.settings.NotificationsSettings",
    "FailuresFunction": "workers.failures.settings.FailuresSettings",
}


def settings_class(function):
    module, _, name = SETTINGS[function].rpartition(".")
    return getattr(importlib.import_module(module), name)


def variables(function):
    """Return a function's environment: defaults of parameters, and names of resources for values of a deployment."""
    environment = Deployment(TEMPLATE).properties(function)["Environment"]["Variables"]
    return {name: str(value) for name, value in environment.items()}


@pytest.mark.parametrize("name", sorted(WORKERS))
def test_a_handler_that_hangs_is_stopped_before_its_function(name, monkeypatch):
    """Ten seconds remain to log the timeout and release the message, which a worker stopped by Lambda can't do."""
    for variable, value in variables(name).items():
        monkeypatch.setenv(variable, value)
    assert PoolSettings().handler_timeout_seconds + 10 <= properties(name)["Timeout"]


@pytest.mark.parametrize("name", ["AuthorizerFunction", "IngressFunction"])
def test_a_call_that_hangs_ends_before_its_function(name):
    """With time to start and to answer that it has failed."""
    assert properties(name)["Timeout"] >= http_connection.EVENT_SECONDS + 2


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_records_its_traces(name):
    """Lambda creates the trace of a visitor's message; without the permission nothing is recorded, without an error."""
    function = properties(name)
    assert function["TracingConfig"] == {"Mode": "Active"}
    role = properties(function["Role"]["Fn::GetAtt"][0])
    assert {"Ref": "RecordsTraces"} in role["ManagedPolicyArns"]


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_handler_can_be_imported(name):
    """The handler that the template names exists."""
    module, _, attribute = properties(name)["Handler"].rpartition(".")
    assert callable(getattr(importlib.import_module(module), attribute))


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_gets_what_its_settings_require(name, monkeypatch):
    """The template sets exactly the variables that the function's settings read."""
    settings = settings_class(name)
    for field in settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    for variable, value in variables(name).items():
        monkeypatch.setenv(variable, value)
    read = settings()
    unused = {variable.lower() for variable in variables(name)} - set(settings.model_fields)
    if name in WORKERS:
        unused -= {f"pool_{field}" for field in PoolSettings.model_fields}
    assert read.log_level
    # Botocore reads this one.
    assert unused <= {"aws_endpoint_url_bedrock_runtime"}


def test_pools_replace_the_functions_of_the_workers_and_nothing_else():
    """`Workers=pools` leaves out the functions, their logs and mappings; the roles are those of the pools then."""
    conditional = {name for name, each in TEMPLATE["Resources"].items() if each.get("Condition") == "WorkersOnLambda"}
    workers = {f"{worker}{part}" for worker in QUEUED for part in ("Function", "Logs", "Source")}
    ledger = {"FailuresFunction", "FailuresLogs", *(f"FailuresOf{queue}Source" for queue in QUEUED)}
    assert conditional == workers | ledger | {"CodesSource", "FeedbackSource"}
    assert TEMPLATE["Parameters"]["Workers"] == {
        **TEMPLATE["Parameters"]["Workers"],
        "Default": "lambda",
        "AllowedValues": ["lambda", "pools"],
    }
