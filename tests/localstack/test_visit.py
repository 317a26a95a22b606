"""One visit from the first message to the last change, with LocalStack behind everything but tables and WebSocket."""

import itertools
import json
import re
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from websockets.exceptions import InvalidStatus

from infra.local.seed import TENANTS
from tests.deadlines import DEADLINE_SECONDS
from tests.e2e.booking import confirm, free_slot, fresh_address, hold
from tests.e2e.command_line import command_line
from tests.localstack.stack import build_endpoint_variables

pytestmark = pytest.mark.localstack

_number = itertools.count(500_000_000)


@pytest.fixture
def stride(split_stack, tmp_path, monkeypatch):
    """Return the command line, whose calls reach LocalStack by the endpoint variables of the services."""
    with command_line(split_stack, tmp_path) as runner:
        for name, value in build_endpoint_variables(split_stack.target.localstack).items():
            monkeypatch.setenv(name, value)
        yield runner


def find_text_messages(target, number):
    """Return the text messages to a number (https://docs.localstack.cloud/aws/services/sns/#sms-messages)."""
    url = f"{target.localstack.endpoint_url}/_aws/sns/sms-messages?region={target.region}"
    with urllib.request.urlopen(url, timeout=DEADLINE_SECONDS) as answer:  # noqa: S310 - an address of this machine
        return json.load(answer)["sms_messages"].get(number, [])


def list_schedules(target, group, session):
    """Return a session's schedules in a group, with their targets."""
    scheduler = target.client("scheduler")
    names = [each["Name"] for each in scheduler.list_schedules(GroupName=group)["Schedules"]]
    found = [scheduler.get_schedule(Name=name, GroupName=group) for name in names]
    return [each for each in found if each["Target"]["SqsParameters"]["MessageGroupId"] == session]


async def test_a_visit(visit, backstage, split_stack, target, stride):
    """The visitor asks, books, and is told of the owner's change; a failure is replayed from the command line."""
    address = fresh_address()
    async with visit(greet=False) as visitor:
        welcome = await visitor.hello(locale="en")
        session = welcome["data"]["session_id"]

        # Queue and worker of chat; the answer comes from the documents in the bucket.
        answer = await visitor.ask("chat.send", {"text": "How much is a consultation?"}, "chat.final")
        assert "220" in answer["data"]["text"], "the price is in the documents"

        # Queues of booking and notifications; the code is derived from a secret, and reminders are scheduled.
        listed = await visitor.ask("booking.slots", {"service": "consultation", "days": 40}, "booking.slots")
        in_three_days = datetime.now(UTC) + timedelta(days=3)  # Late enough for all reminders.
        slot = next(each for each in listed["data"]["slots"] if datetime.fromisoformat(each["start"]) > in_three_days)
        pending = await hold(visitor, slot, address)
        confirmed = await confirm(visitor, pending, address, backstage)
        assert confirmed["type"] == "booking.confirmed"
        appointment_id = confirmed["data"]["appointment_id"]
        event = await backstage.event(appointment_id)
        group = split_stack.outputs["ScheduleGroup"]
        await backstage.until(lambda: bool(list_schedules(target, group, session)))
        [queue] = {each["Target"]["Arn"] for each in list_schedules(target, group, session)}
        assert queue.endswith(":stride-booking.fifo")

        # A dead letter moves from its queue to the ledger; its replay ends the command after all.
        other_slot = await free_slot(visitor)
        backstage.control_calendar("keys/revoke")
        try:
            refused = await hold(visitor, other_slot, address)
            row = await backstage.failure(lambda row: row.get("session_id") == session)
        finally:
            backstage.control_calendar("keys/restore")
        assert (refused["data"]["code"], row["reason"]) == ("INTERNAL", "calendar_access_revoked")
        replayed = await stride("failures", "retry", row["failure_id"])
        assert replayed.code == 0, replayed.err
        assert (await visitor.until("booking.pending", "error", re=refused["re"]))["type"] == "booking.pending"
        await backstage.failure(lambda each: each["failure_id"] == row["failure_id"] and each["state"] == "resolved")

        # The owner moves the visit; the rule of EventBridge asks for a sync each minute, and nothing else does.
        start = datetime.fromisoformat(slot["start"]) + timedelta(hours=15)
        backstage.owner_moves(event, start.isoformat(), (start + timedelta(hours=1)).isoformat())
        moved = await visitor.until("booking.rescheduled", "error", timeout_seconds=2 * DEADLINE_SECONDS)
        assert datetime.fromisoformat(moved["data"]["start"]) == start
        last = visitor.seen[-1]["seq"]

    # The token of the session is signed with a secret, which authorizer and ingress read.
    async with visit(session=welcome["data"]["session"], greet=False) as visitor:
        again = await visitor.hello(last)
        assert (again["data"]["session_id"], again["data"]["resume"]) == (session, "ok")
    with pytest.raises(InvalidStatus, match="403"):
        await visit(session=f"{welcome['data']['session']}x").__aenter__()


async def test_a_code_by_text_message(visit, backstage, target):
    """SNS gets the text message for the visitor's mobile number, and it has the code."""
    number = f"+48{next(_number)}"
    async with visit() as visitor:
        pending = await hold(visitor, await free_slot(visitor), number)
        assert (pending["type"], pending["data"]["contact_kind"]) == ("booking.pending", "phone")
        await backstage.until(lambda: bool(find_text_messages(target, number)))
        [message] = find_text_messages(target, number)
        code = re.search(r"\d{6}", message["Message"])[0]
        answer = {"appointment_id": pending["data"]["appointment_id"], "code": code}
        assert (await visitor.ask("booking.verify", answer, "booking.confirmed"))["type"] == "booking.confirmed"


async def test_a_business_that_was_uploaded_to_the_bucket(visit, split_stack, target):
    """Its page may connect at once, and workers compile its profile for the next connections."""
    profile = yaml.safe_load((TENANTS / "studio-lumen" / "profile.yaml").read_text(encoding="utf-8"))
    profile |= {"name": "Studio Nova", "allowed_origins": ["https://nova.example"]}
    s3 = target.client("s3")
    s3.put_object(Bucket=split_stack.bucket, Key="studio-nova/profile.yaml", Body=yaml.safe_dump(profile))
    async with visit(tenant="studio-nova", origin="https://nova.example") as visitor:
        answer = await visitor.ask("booking.slots", {"days": 3}, "booking.slots")
        assert answer["type"] == "booking.slots"


async def test_a_bounce_reaches_the_suppression_list(backstage, split_stack, target):
    """SES reports it to the topic; SNS wraps the report and puts it on the queue of the notifications worker."""
    before = len(backstage.rows("suppressions"))
    bounce = {"bounceType": "Permanent", "bounceSubType": "General", "timestamp": "2026-01-12T11:59:00.000Z"}
    report = {"eventType": "Bounce", "bounce": bounce, "mail": {"destination": [fresh_address()]}}
    target.client("sns").publish(TopicArn=split_stack.outputs["FeedbackTopicArn"], Message=json.dumps(report))
    await backstage.until(lambda: len(backstage.rows("suppressions")) == before + 1)


def test_the_other_emulator_has_none_of_these_services_resources(split_stack, target):
    """What the visit used can only have been on LocalStack; MiniStack's bucket is that of the functions' code."""
    ministack = super(type(target), target).client
    found = {
        *ministack("sqs").list_queues(QueueNamePrefix="stride").get("QueueUrls", []),
        *(each["TopicArn"] for each in ministack("sns").list_topics()["Topics"]),
        *(each["Name"] for each in ministack("secretsmanager").list_secrets()["SecretList"]),
        *(each["Name"] for each in ministack("events").list_rules()["Rules"]),
        *(each["Name"] for each in ministack("s3").list_buckets()["Buckets"]),
    }
    assert [name for name in found if "stride" in name] == ["stride-code-local-eu-central-1"]
