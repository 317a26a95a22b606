"""What the other tests do not let the workers' roles do: rare calls, of which a missing permission would show late."""

import json
import urllib.request
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.local.stack import Stack
from shared.tenants.edge_profile import FILE
from tests.e2e.backstage import Backstage
from tests.e2e.booking import free_slot, fresh_address, hold
from tests.e2e.command_line import CommandLine, command_line
from tests.e2e.visitor import Visit

pytestmark = pytest.mark.e2e

DEMO = "studio-lumen"


@pytest.fixture(scope="module")
def stride(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """Return the command line."""
    with command_line(stack, tmp_path_factory.mktemp("roles")) as runner:
        yield runner


@pytest.fixture
def uncompiled_tenant(stack: Stack) -> str:
    """Return a business whose profile no worker has compiled."""
    s3, tenant = stack.client("s3"), f"salon-{uuid.uuid4().hex[:8]}"
    for entry in s3.list_objects_v2(Bucket=stack.bucket, Prefix=f"{DEMO}/")["Contents"]:
        name = entry["Key"].removeprefix(f"{DEMO}/")
        if name != FILE:
            body = s3.get_object(Bucket=stack.bucket, Key=entry["Key"])["Body"].read()
            s3.put_object(Bucket=stack.bucket, Key=f"{tenant}/{name}", Body=body)
    return tenant


def is_compiled(stack: Stack, tenant: str) -> bool:
    listed = stack.client("s3").list_objects_v2(Bucket=stack.bucket, Prefix=f"{tenant}/{FILE}")
    return bool(listed["KeyCount"])


async def wait_for_compiled_profile(stack: Stack, backstage: Backstage, tenant: str) -> None:
    """Wait until a worker has compiled the profile, and let the next one do it again."""
    await backstage.until(lambda: is_compiled(stack, tenant))
    stack.client("s3").delete_object(Bucket=stack.bucket, Key=f"{tenant}/{FILE}")


async def test_every_worker_compiles_a_profile(
    stack: Stack, visit: Visit, backstage: Backstage, uncompiled_tenant: str
):
    """The edge reads the YAML until a worker, whichever reads it first, has stored what connections need of it."""
    address = fresh_address()
    async with visit(tenant=uncompiled_tenant, greet=False) as visitor:
        assert (await visitor.hello(locale="en"))["type"] == "welcome"
        assert (await visitor.ask("chat.send", {"text": "Where are you?"}, "chat.final"))["type"] == "chat.final"
        await wait_for_compiled_profile(stack, backstage, uncompiled_tenant)
        slot = await free_slot(visitor)
        await wait_for_compiled_profile(stack, backstage, uncompiled_tenant)
        await hold(visitor, slot, address)
    await wait_for_compiled_profile(stack, backstage, uncompiled_tenant)
    await backstage.email(address)


def add_ended_connection(stack: Stack, session: str) -> None:
    """Give the session another connection, which ended without `$disconnect`."""
    connections, client = stack.tables["connections"], stack.client("dynamodb")
    key = {"KeyConditionExpression": "session_id = :session", "ExpressionAttributeValues": {":session": {"S": session}}}
    [row] = client.query(TableName=connections, **key)["Items"]
    ended = {"connection_id": {"S": "ended"}, "connected_at_ms": {"N": "1"}}
    client.put_item(TableName=connections, Item={**row, **ended})


async def test_a_worker_removes_a_connection_that_has_ended(stack: Stack, visit: Visit, backstage: Backstage):
    """Whichever worker answers first finds it, and the answer reaches the other connection."""
    address = fresh_address()
    async with visit(greet=False) as visitor:
        session = (await visitor.hello(locale="en"))["data"]["session_id"]

        def has_ended_connection() -> bool:
            rows = [row for row in backstage.rows("connections") if row["session_id"] == session]
            return any(row["connection_id"] == "ended" for row in rows)

        add_ended_connection(stack, session)
        await visitor.ask("chat.send", {"text": "Where are you?"}, "chat.final")
        await backstage.until(lambda: not has_ended_connection())
        slot = await free_slot(visitor)
        add_ended_connection(stack, session)
        await hold(visitor, slot, address)
        await backstage.until(lambda: not has_ended_connection())


async def test_the_edge_logs(stack: Stack, visit: Visit):
    """Authorizer and ingress write to the groups that the stack has created for them."""
    logs = stack.client("logs")

    def count_lines() -> list[int]:
        groups = [f"/aws/lambda/stride-{name}" for name in ("authorizer", "ingress")]
        return [len(logs.filter_log_events(logGroupName=group)["events"]) for group in groups]

    before = count_lines()
    async with visit():
        pass
    # The emulator keeps no log of what an ingress does for a frame.
    session = {"tenant": DEMO, "session_id": "none", "locale": "en", "resume": "new"}
    event = {"requestContext": {"eventType": "DISCONNECT", "connectionId": "none", "authorizer": session}}
    stack.client("lambda").invoke(FunctionName=stack.outputs["IngressName"], Payload=json.dumps(event))
    assert all(now > then for then, now in zip(before, count_lines(), strict=True))


async def test_a_schedule_reaches_the_queue_of_booking(stack: Stack, backstage: Backstage):
    """With the role that booking passes on, a reminder that is due becomes a message."""
    mark = uuid.uuid4().hex
    stack.client("scheduler").create_schedule(
        Name=mark,
        GroupName=stack.outputs["ScheduleGroup"],
        ScheduleExpression=f"at({datetime.now(UTC):%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": stack.outputs["BookingQueueArn"],
            "RoleArn": stack.outputs["ReminderRoleArn"],
            "Input": f"no json {mark}",
            "SqsParameters": {"MessageGroupId": mark},
        },
    )
    row = await backstage.failure(lambda row: row.get("group") == mark)
    assert (row["queue"], row["reason"]) == ("booking", "not_json")


async def test_a_bounce_suppresses_the_address(stack: Stack, backstage: Backstage):
    """The notifications worker reads the queue of feedback and stores the address."""
    before = len(backstage.rows("suppressions"))
    event = {
        "eventType": "Bounce",
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "timestamp": datetime.now(UTC).isoformat(),
        },
        "mail": {"destination": [fresh_address()]},
    }
    report = {"Type": "Notification", "MessageId": str(uuid.uuid4()), "TopicArn": stack.outputs["FeedbackTopicArn"]}
    report |= {"Message": json.dumps(event), "Timestamp": datetime.now(UTC).isoformat()}
    stack.client("sqs").send_message(QueueUrl=stack.outputs["FeedbackQueueUrl"], MessageBody=json.dumps(report))
    await backstage.until(lambda: len(backstage.rows("suppressions")) == before + 1)


async def test_a_code_reaches_a_mobile_number(stack: Stack, visit: Visit, backstage: Backstage):
    """Text messages go to numbers, which have no ARN."""
    number = f"+48512{uuid.uuid4().int % 10**6:06d}"

    def received_text_message() -> bool:
        with urllib.request.urlopen(f"{stack.target.endpoint_url}/_ministack/sns/sms-messages") as answer:  # noqa: S310 - an address of this machine
            return number in answer.read().decode()

    async with visit() as visitor:
        assert (await hold(visitor, await free_slot(visitor), number))["type"] == "booking.pending"
    await backstage.until(received_text_message)


async def test_an_alert_reaches_its_topic(stack: Stack, backstage: Backstage):
    """A queue that subscribes to the topic for alerts gets it, as an operator does by e-mail."""
    sqs, mark = stack.client("sqs"), uuid.uuid4().hex
    url = sqs.create_queue(QueueName=f"alerts-{mark}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    by_topic = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [{**by_topic, "Resource": arn}]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    stack.client("sns").subscribe(TopicArn=stack.outputs["AlertTopicArn"], Protocol="sqs", Endpoint=arn)
    alert: dict[str, Any] = {"version": 1, "id": mark, "tenant": stack.options.tenant, "session_id": mark}
    alert |= {"locale": "en", "accepted_at": datetime.now(UTC).isoformat(), "type": "notice.alert"}
    alert["data"] = {"reason": "calendar_access_revoked", "advice": "Share the calendar again."}
    backstage.send("notifications", json.dumps(alert), group=mark)
    await backstage.until(lambda: "Messages" in sqs.receive_message(QueueUrl=url))


def dead_letter(stack: Stack, queue: str, session: str) -> dict[str, Any]:
    """Return a command or a notice that failed once, and can be processed now."""
    now = datetime.now(UTC)
    envelope: dict[str, Any] = {"version": 1, "id": uuid.uuid4().hex, "tenant": stack.options.tenant, "locale": "en"}
    envelope |= {"session_id": session, "accepted_at": now.isoformat()}
    if queue == "chat":
        client = {"client_id": "c1", "connection_id": "none"}
        return envelope | client | {"type": "chat.send", "data": {"text": "Where are you?"}}
    facts = {"appointment_id": uuid.uuid4().hex, "contact": fresh_address(), "service": "consultation"}
    times = {"start": (now + timedelta(days=2)).isoformat(), "end": (now + timedelta(days=2)).isoformat()}
    data = facts | times | {"service_name": "Consultation"}
    return envelope | {"type": "notice.reminder", "hours_before": 24, "data": data}


@pytest.mark.parametrize("queue", ["chat", "notifications"])
async def test_a_replay_is_resolved_by_its_worker(stack: Stack, backstage: Backstage, stride: CommandLine, queue: str):
    """Each worker records the outcome of a replay in the failure ledger."""
    session = uuid.uuid4().hex
    attributes = {"reason": "bug", "error": "made by hand", "attempts": "5", "group": session}
    fifo = {"MessageDeduplicationId": session} if queue == "chat" else {}
    stack.client("sqs").send_message(
        QueueUrl=stack.queues[f"{queue}_dlq"],
        MessageBody=json.dumps(dead_letter(stack, queue, session)),
        MessageGroupId=session,
        MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
        **fifo,
    )
    failed = await backstage.failure(lambda row: row.get("session_id") == session)
    ran = await stride("failures", "retry", failed["failure_id"])
    assert ran.code == 0, ran.err
    await backstage.failure(lambda row: (row["failure_id"], row["state"]) == (failed["failure_id"], "resolved"))
