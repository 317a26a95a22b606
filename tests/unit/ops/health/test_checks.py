"""Checks run side by side; one that breaks says so and hides none of the others."""

import asyncio

import pytest

from ops.deployment import Deployment
from ops.health import stores
from ops.health.checks import CheckResult, HealthCheck, run_checks
from shared.errors import ConfigurationError, DeploymentError
from tests.deadlines import DEADLINE_SECONDS
from tests.infra.template import load, of_type


def health_check(name, outcome):
    async def look():
        if isinstance(outcome, Exception):
            raise outcome
        return [CheckResult(name, "ok", outcome)]

    return HealthCheck(name, look, f"mend {name}")


async def test_every_trouble_is_a_check():
    """Ours is told whole, a library's by its name alone."""
    reported = []
    checks = await run_checks(
        [
            health_check("a", "fine"),
            health_check("b", DeploymentError("aws_AccessDenied", "sqs: AccessDenied")),
            health_check("c", ConfigurationError("no bucket")),
            health_check("d", KeyError("somebody's words")),
        ],
        reported.append,
    )
    assert reported == checks
    assert [(check.name, check.state, check.advice) for check in checks] == [
        ("a", "ok", ""),
        *((name, "problem", f"mend {name}") for name in "bcd"),
    ]
    assert [check.detail for check in checks[1:]] == [
        "DeploymentError: sqs: AccessDenied",
        "ConfigurationError: no bucket",
        "KeyError",
    ]


async def test_checks_wait_for_nobody():
    """The slowest one decides how long all take."""
    all_run = asyncio.Barrier(20)

    async def slow():
        await all_run.wait()
        return [CheckResult("slow", "ok")]

    async with asyncio.timeout(DEADLINE_SECONDS):
        assert len(await run_checks([HealthCheck("slow", slow, "")] * 20)) == 20


class FakeAws:
    """Clients of every service: a broken deployment."""

    async def client(self, _service):
        return self

    async def get_queue_attributes(self, *, QueueUrl, AttributeNames):  # noqa: N803 - AWS names them so
        if QueueUrl == "deleted":
            raise DeploymentError("aws_QueueDoesNotExist", "sqs: QueueDoesNotExist")
        if QueueUrl == "well":
            return {"Attributes": {"QueueArn": "arn:well", "RedrivePolicy": "{}"}}
        return {"Attributes": {"QueueArn": "arn"}}

    async def describe_table(self, *, TableName):  # noqa: N803
        return {"Table": {"TableStatus": "ACTIVE" if TableName == "slots" else "DELETING"}}

    async def get_secret_value(self, *, SecretId):  # noqa: N803
        return {"SecretString": "" if SecretId == "code" else "x"}

    async def get_caller_identity(self):
        return {"Account": "123", "Arn": "arn:aws:iam::123:user/anna"}

    async def get_schedule_group(self, *, Name):  # noqa: N803
        return {}

    async def get_role(self, *, RoleName):  # noqa: N803
        return {}


def test_the_doctor_looks_at_every_table_of_the_template():
    """A table that a later release adds can't be forgotten here: the stack's outputs name them all."""
    health_checks = stores.health_checks(Deployment("s", "r", None, {}), FakeAws().client)
    checked = [one.name.removeprefix("table ") for one in health_checks if one.name.startswith("table ")]
    named = [name.removesuffix("Table").lower() for name in load()["Outputs"] if name.endswith("Table")]
    assert sorted(checked) == sorted(named)
    assert len(named) == len(of_type(load(), "AWS::DynamoDB::Table"))


def test_the_doctor_looks_at_every_queue_of_the_template():
    """Also at the one on which bounces come back; dead letters are looked at with their queue."""
    health_checks = stores.health_checks(Deployment("s", "r", None, {}), FakeAws().client)
    checked = [one.name.removeprefix("queue ") for one in health_checks if one.name.startswith("queue ")]
    named = [name.removesuffix("QueueUrl").lower() for name in load()["Outputs"] if name.endswith("QueueUrl")]
    assert sorted(checked) == sorted(named)
    dead = [name for name in load()["Outputs"] if name.endswith("DlqUrl")]
    assert len(named) + len(dead) == len(of_type(load(), "AWS::SQS::Queue"))


@pytest.mark.parametrize(
    ("url", "state", "detail"),
    [
        ("well", "ok", "arn:well"),
        ("feedback", "problem", "it has no redrive policy"),
        ("deleted", "problem", "DeploymentError: sqs: QueueDoesNotExist"),
        (None, "problem", "feedback_queue_url"),
    ],
)
async def test_the_queue_of_bounces_is_looked_at(url, state, detail):
    """Without it no address is ever suppressed, and nothing else would tell; a stack that lacks its name says so."""
    variables = {"feedback_queue_url": url} if url else {}
    found = await run_checks(stores.health_checks(Deployment("s", "r", None, variables), FakeAws().client))
    by_name = {check.name: check for check in found}
    assert by_name["queue feedback"].state == state
    assert detail in by_name["queue feedback"].detail
    assert ("feedback_queue_url" in by_name["settings"].detail) is (url is None)


async def test_a_queue_needs_its_dead_letters():
    """A queue that is there is not well when what it gives up has nowhere to go."""
    variables = {
        "booking_queue_url": "well",
        "booking_dlq_url": "deleted",
        "chat_queue_url": "well",
        "chat_dlq_url": "well",
    }
    found = await run_checks(stores.health_checks(Deployment("s", "r", None, variables), FakeAws().client))
    by_name = {check.name: check for check in found}
    assert "QueueDoesNotExist" in by_name["queue booking"].detail
    assert by_name["queue chat"].state == "ok"


async def test_a_broken_deployment_is_found_out():
    """A queue without a redrive policy, a table on its way out, an empty secret, a setting that is missing."""
    variables = {
        **{
            f"{name}_{end}": f"{name}-{end}"
            for name in ("booking", "chat", "notifications")
            for end in ("queue_url", "dlq_url")
        },
        "slots_table": "slots",
        "limits_table": "limits",
        "code_key_secret_id": "code",
        "session_key_secret_id": "session",
        "reminder_role_arn": "arn:aws:iam::123:role/reminders",
        "schedule_group": "group",
    }
    found = await run_checks(stores.health_checks(Deployment("s", "r", None, variables), FakeAws().client))
    by_name = {check.name: check for check in found}
    assert by_name["settings"].state == "problem"
    assert "failures_table" in by_name["settings"].detail
    assert by_name["credentials"].detail == "account 123, user/anna"
    assert by_name["queue booking"].detail == "it has no redrive policy"
    assert (by_name["table slots"].state, by_name["table limits"].detail) == ("ok", "limits is DELETING")
    assert by_name["table failures"].state == "problem"
    assert (by_name["secret code_key"].detail, by_name["secret session_key"].state) == ("it is empty", "ok")
    assert by_name["reminders"].state == "ok"
