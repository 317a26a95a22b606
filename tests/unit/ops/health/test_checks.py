"""Checks run concurrently, and a failed check does not hide the others."""

import asyncio

import pytest

from ops.deployment import Deployment
from ops.health import stores
from ops.health.checks import CheckResult, HealthCheck, run_checks
from shared.errors import ConfigurationError, DeploymentError
from tests.deadlines import DEADLINE_SECONDS
from tests.infra.template import load, of_type


def make_check(name, outcome):
    async def look():
        if isinstance(outcome, Exception):
            raise outcome
        return [CheckResult(name, "ok", outcome)]

    return HealthCheck(name, look, f"mend {name}")


async def test_every_exception_is_a_problem():
    """The project's own errors have their text; of others only the type is reported."""
    reported = []
    checks = await run_checks(
        [
            make_check("a", "fine"),
            make_check("b", DeploymentError("aws_AccessDenied", "sqs: AccessDenied")),
            make_check("c", ConfigurationError("no bucket")),
            make_check("d", KeyError("somebody's words")),
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


async def test_checks_run_concurrently():
    """All checks have to be running before any of them ends."""
    all_run = asyncio.Barrier(20)

    async def slow():
        await all_run.wait()
        return [CheckResult("slow", "ok")]

    async with asyncio.timeout(DEADLINE_SECONDS):
        assert len(await run_checks([HealthCheck("slow", slow, "")] * 20)) == 20


class FakeAws:
    """Clients of all services of a broken deployment."""

    table_keys = (("bucket", "RANGE"), ("pk", "HASH"))

    async def open_client(self, _service):
        return self

    async def get_queue_attributes(self, *, QueueUrl, AttributeNames):  # noqa: N803 - the names of AWS
        if QueueUrl == "deleted":
            raise DeploymentError("aws_QueueDoesNotExist", "sqs: QueueDoesNotExist")
        if QueueUrl == "well":
            return {"Attributes": {"QueueArn": "arn:well", "RedrivePolicy": "{}"}}
        return {"Attributes": {"QueueArn": "arn"}}

    async def describe_table(self, *, TableName):  # noqa: N803
        key = [{"AttributeName": name, "KeyType": kind} for name, kind in self.table_keys]
        return {"Table": {"TableStatus": "ACTIVE" if TableName == "slots" else "DELETING", "KeySchema": key}}

    async def get_secret_value(self, *, SecretId):  # noqa: N803
        return {"SecretString": "" if SecretId == "code" else "x"}

    async def get_caller_identity(self):
        return {"Account": "123", "Arn": "arn:aws:iam::123:user/anna"}

    async def get_schedule_group(self, *, Name):  # noqa: N803
        return {}

    async def get_role(self, *, RoleName):  # noqa: N803
        return {}


def test_every_table_of_the_template_is_checked():
    """A table that a later release adds must be checked, too: the stack's outputs name all tables."""
    health_checks = stores.list_store_checks(Deployment("s", "r", None, {}), FakeAws().open_client)
    checked = [one.name.removeprefix("table ") for one in health_checks if one.name.startswith("table ")]
    named = [name.removesuffix("Table").lower() for name in load()["Outputs"] if name.endswith("Table")]
    assert sorted(checked) == sorted(named)
    assert len(named) == len(of_type(load(), "AWS::DynamoDB::Table"))


def test_every_table_is_checked_for_the_keys_of_the_template():
    """A table of another system may have the same name and other keys."""
    resources, outputs = load()["Resources"], load()["Outputs"]
    for name, keys in stores._TABLE_KEYS.items():
        resource = resources[f"{name.capitalize()}Table"]
        assert f"{name.capitalize()}Table" in outputs
        assert [each["AttributeName"] for each in resource["Properties"]["KeySchema"]] == list(keys)


@pytest.mark.parametrize(
    ("key", "state"),
    [
        ((("pk", "HASH"), ("bucket", "RANGE")), "ok"),
        ((("pk", "HASH"),), "problem"),
        ((("slot", "HASH"), ("bucket", "RANGE")), "problem"),
        ((("bucket", "HASH"), ("pk", "RANGE")), "problem"),
    ],
)
async def test_a_table_with_other_keys_is_a_problem(key, state):
    """DynamoDB would refuse every access to it."""
    aws = FakeAws()
    aws.table_keys = key
    found = await run_checks(
        stores.list_store_checks(Deployment("s", "r", None, {"slots_table": "slots"}), aws.open_client)
    )
    [check] = [each for each in found if each.name == "table slots"]
    assert check.state == state
    assert ("does not match the schema pk, bucket" in check.detail) is (state == "problem")


def test_every_queue_of_the_template_is_checked():
    """The queue of bounces, too; dead-letter queues are checked with their queues."""
    health_checks = stores.list_store_checks(Deployment("s", "r", None, {}), FakeAws().open_client)
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
async def test_the_queue_of_bounces_is_checked(url, state, detail):
    """Without it no address is suppressed, and nothing else reports that; also if the stack has no output for it."""
    variables = {"feedback_queue_url": url} if url else {}
    found = await run_checks(stores.list_store_checks(Deployment("s", "r", None, variables), FakeAws().open_client))
    by_name = {check.name: check for check in found}
    assert by_name["queue feedback"].state == state
    assert detail in by_name["queue feedback"].detail
    assert ("feedback_queue_url" in by_name["settings"].detail) is (url is None)


async def test_a_queue_needs_its_dead_letter_queue():
    """A queue without its dead-letter queue is a problem."""
    variables = {
        "booking_queue_url": "well",
        "booking_dlq_url": "deleted",
        "chat_queue_url": "well",
        "chat_dlq_url": "well",
    }
    found = await run_checks(stores.list_store_checks(Deployment("s", "r", None, variables), FakeAws().open_client))
    by_name = {check.name: check for check in found}
    assert "QueueDoesNotExist" in by_name["queue booking"].detail
    assert by_name["queue chat"].state == "ok"


async def test_a_broken_deployment():
    """A queue without redrive policy, a table being deleted, an empty secret and a missing setting are found."""
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
    found = await run_checks(stores.list_store_checks(Deployment("s", "r", None, variables), FakeAws().open_client))
    by_name = {check.name: check for check in found}
    assert by_name["settings"].state == "problem"
    assert "failures_table" in by_name["settings"].detail
    assert by_name["credentials"].detail == "account 123, user/anna"
    assert by_name["queue booking"].detail == "it has no redrive policy"
    assert (by_name["table slots"].state, by_name["table limits"].detail) == ("ok", "limits is DELETING")
    assert by_name["table failures"].state == "problem"
    assert (by_name["secret code_key"].detail, by_name["secret session_key"].state) == ("it is empty", "ok")
    assert by_name["reminders"].state == "ok"
