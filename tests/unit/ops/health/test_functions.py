"""Health checks of the Lambda functions."""

import json
from datetime import timedelta

import pytest

from ops.deployment import Deployment
from ops.health.checks import run_checks
from ops.health.functions import list_function_checks
from shared.lambda_start import Start
from tests.fakes.clock import NOON, FakeClock

VARIABLES = {"prefix": "stride", "ingress_name": "stride-ingress", "authorizer_name": "stride-authorizer"}
IMPORT_ERROR = "ModuleNotFoundError: No module named 'structlog'"


class FakeAws:
    """Functions that were changed two hours ago, with lines in their logs."""

    def __init__(self):
        self.configuration = {"State": "Active", "LastUpdateStatus": "Successful"}
        self.changed_at = NOON - timedelta(hours=2)
        self.lines = []
        """(function, instant, message)"""
        self.pages = 0

    async def open_client(self, _service):
        return self

    async def get_function_configuration(self, *, FunctionName):  # noqa: N803 - AWS names them so
        assert FunctionName.startswith("stride-")
        return {**self.configuration, "LastModified": f"{self.changed_at:%Y-%m-%dT%H:%M:%S}.000+0000"}

    async def filter_log_events(self, *, logGroupName, startTime, filterPattern, nextToken=None):  # noqa: N803
        self.pages += 1
        if nextToken is None:
            return {"events": [], "nextToken": "page 2"}
        return {
            "events": [
                {"timestamp": round(at.timestamp() * 1000), "message": message}
                for function, at, message in self.lines
                if logGroupName == f"/aws/lambda/{function}"
                and at.timestamp() * 1000 >= startTime
                and filterPattern.strip('"') in message
            ]
        }


@pytest.fixture
def aws():
    return FakeAws()


async def check(aws, **variables):
    deployment = Deployment("s", "r", None, VARIABLES | variables)
    found = await run_checks(list_function_checks(deployment, aws.open_client, clock=FakeClock()))
    return {each.name.removeprefix("function "): each for each in found}


def failed_start(capsys):
    """Return the line that a function writes whose package lacks a module."""

    def build():
        raise ModuleNotFoundError("No module named 'structlog'")

    Start(build, component="chat").attempt()
    return capsys.readouterr().out


async def test_functions_of_workers_are_checked_where_they_exist(aws):
    """Pools have none."""
    assert set(await check(aws, workers="pools")) == {"ingress", "authorizer"}
    found = await check(aws, workers="lambda")
    assert set(found) == {"ingress", "authorizer", "chat", "booking", "notifications", "failures"}
    assert {each.state for each in found.values()} == {"ok"}


async def test_a_failed_start_is_found_on_a_later_page(aws, capsys):
    """The cause is the one in the line that the function wrote; pages of logs may be empty."""
    aws.lines = [
        ("stride-chat", NOON - timedelta(minutes=9), json.dumps({"event": "start_failed", "error": "earlier"})),
        ("stride-chat", NOON - timedelta(minutes=1), failed_start(capsys)),
    ]
    found = await check(aws, workers="lambda")
    assert found["chat"].state == "problem"
    assert found["chat"].detail == f"stride-chat does not start: {IMPORT_ERROR} (last at 11:59:00 UTC)"
    assert "make deploy VERSION=previous" in found["chat"].advice
    assert found["booking"].state == "ok"


async def test_a_line_of_lambda_itself_is_repeated(aws):
    """Where the handler's module can't be imported, no code of ours runs."""
    line = "[ERROR] Runtime.ImportModuleError: Unable to import module 'workers.chat.lambda_function': No module\n"
    aws.lines = [("stride-chat", NOON, line)]
    assert f"does not start: {line.strip()}" in (await check(aws, workers="lambda"))["chat"].detail


@pytest.mark.parametrize(
    ("failed", "changed", "state"),
    [
        (timedelta(minutes=30), timedelta(minutes=20), "ok"),
        (timedelta(minutes=30), timedelta(minutes=40), "problem"),
        (timedelta(minutes=90), timedelta(days=3), "ok"),
    ],
)
async def test_failures_before_the_last_change_are_not_reported(aws, failed, changed, state):
    """A repaired function is reported as soon as it is deployed; old lines say nothing about now."""
    aws.changed_at = NOON - changed
    aws.lines = [("stride-ingress", NOON - failed, json.dumps({"event": "start_failed", "error": "no"}))]
    assert (await check(aws))["ingress"].state == state


@pytest.mark.parametrize("state", ["State", "LastUpdateStatus"])
async def test_a_change_that_failed_is_a_problem(aws, state):
    """Lambda says why."""
    aws.configuration = {state: "Failed", f"{state}Reason": "EFS"}
    assert (await check(aws))["ingress"].detail == f"stride-ingress has {state} Failed: EFS"
