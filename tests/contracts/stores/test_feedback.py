"""Feedback of SES gets through the topic and its queue to the suppression list, and nothing else does."""

import asyncio
import json
import os
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from infra.aws import REGION
from shared.aws.suppressions import DynamoSuppressions
from shared.consumer.stop import Stop
from shared.ids import new_id
from shared.messages.notices import AppointmentFacts, AppointmentReminder
from tests.contracts.stores.template import create_queue
from tests.deadlines import DEADLINE_SECONDS
from workers.notifications.wiring import open_worker

SECRET = "the feedback tests' secret"
PROFILE = {
    "name": "Salon Ania",
    "time_zone": "Europe/Warsaw",
    "calendar_id": "calendar",
    "services": [{"id": "cut", "name": {"en": "Cut"}, "duration_minutes": 30}],
    "opening_hours": {"monday": ["09:00-17:00"]},
}


def bounce_event(address):
    bounce = {"bounceType": "Permanent", "bounceSubType": "General", "timestamp": "2026-01-12T11:59:00.000Z"}
    return json.dumps({"eventType": "Bounce", "bounce": bounce, "mail": {"destination": [address]}})


@pytest.fixture
def deployment(emulator, monkeypatch, dynamodb):
    """Create a topic and its queues, and configure the notifications worker for them as a deployment does."""
    sns, sqs, name = emulator.client("sns"), emulator.client("sqs"), new_id()
    topic = sns.create_topic(Name=name)["TopicArn"]
    queues = {
        kind: create_queue(sqs, kind, name=f"{name}-{kind}")
        for kind in ("FeedbackQueue", "NotificationsQueue", "NotificationsDeadLetters")
    }
    arn = sqs.get_queue_attributes(QueueUrl=queues["FeedbackQueue"], AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"])
    secret = emulator.client("secretsmanager").create_secret(Name=name, SecretString=SECRET)["Name"]
    bucket = {"LocationConstraint": REGION}
    emulator.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=bucket)
    for variable, value in {
        "NOTIFICATIONS_QUEUE_URL": queues["NotificationsQueue"],
        "NOTIFICATIONS_DLQ_URL": queues["NotificationsDeadLetters"],
        "FEEDBACK_QUEUE_URL": queues["FeedbackQueue"],
        "FEEDBACK_TOPIC_ARN": topic,
        "PROCESSED_TABLE": "ProcessedTable",
        "FAILURES_TABLE": "FailuresTable",
        "LIMITS_TABLE": "LimitsTable",
        "SUPPRESSIONS_TABLE": "SuppressionsTable",
        "KNOWLEDGE_BUCKET": name,
        "CODE_KEY_SECRET_ID": secret,
        "POOL_WAIT_SECONDS": "1",
    }.items():
        monkeypatch.setenv(variable, value)
    return sns, sqs, topic, queues


@asynccontextmanager
async def run_worker():
    """Run the pools of notifications inside the `with`."""
    stop = Stop()
    with structlog.testing.capture_logs():
        async with open_worker() as ready:
            running = asyncio.create_task(ready.pool.run(stop))
            try:
                yield
            finally:
                stop.request()
                await running


async def wait_until(check):
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not (found := await check()):
            await asyncio.sleep(0.1)
    return found


async def receive_dead_letters(sqs, queues, number):
    """Wait for `number` dead letters and return them."""
    found = []

    async def has_enough():
        answer = await asyncio.to_thread(
            sqs.receive_message,
            QueueUrl=queues["NotificationsDeadLetters"],
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
        )
        found.extend(answer.get("Messages", []))
        return len(found) >= number

    await wait_until(has_enough)
    return found


async def test_a_bounce_on_the_topic_suppresses_the_address(deployment, dynamodb):
    """The notifications worker handles it, from a queue of its own."""
    sns, _, topic, _ = deployment
    suppressions = DynamoSuppressions(client=dynamodb, table="SuppressionsTable", secret=SECRET.encode())
    address = f"jan-{new_id()}@example.com"
    sns.publish(TopicArn=topic, Subject="Amazon SES Email Event Notification", Message=bounce_event(address))
    async with run_worker():
        found = await wait_until(lambda: suppressions.find(address, at=datetime.now(UTC)))

    assert (found.reason, found.until) == ("bounced", None)


async def test_a_message_from_elsewhere_is_refused(deployment, dynamodb):
    """It is dead-lettered with its reason, and the address still gets e-mails."""
    _, sqs, _, queues = deployment
    suppressions = DynamoSuppressions(client=dynamodb, table="SuppressionsTable", secret=SECRET.encode())
    address = f"jan-{new_id()}@example.com"
    forged = {
        "Type": "Notification",
        "MessageId": "3f0c1a52-7d3e-4f57-9f60-0a4b5b2d8c11",
        "TopicArn": "arn:aws:sns:eu-central-1:000000000000:anothers",
        "Message": bounce_event(address),
        "Timestamp": "2026-01-12T12:00:00.000Z",
    }
    for body in (json.dumps(forged), bounce_event(address)):
        sqs.send_message(QueueUrl=queues["FeedbackQueue"], MessageBody=body)

    async with run_worker():
        found = await receive_dead_letters(sqs, queues, 2)

    assert {dead_letter["MessageAttributes"]["reason"]["StringValue"] for dead_letter in found} == {"invalid"}
    assert all("@" not in dead_letter["MessageAttributes"]["error"]["StringValue"] for dead_letter in found)
    assert await suppressions.find(address, at=datetime.now(UTC)) is None


async def test_a_deployment_without_a_sender_dead_letters_emails_at_once(deployment, emulator):
    """A visit that was booked while e-mail was on is due for its reminder; the dead letter says why it was not sent."""
    _, sqs, _, queues = deployment
    emulator.client("s3").put_object(
        Bucket=os.environ["KNOWLEDGE_BUCKET"], Key="salon-ania/profile.yaml", Body=json.dumps(PROFILE).encode()
    )
    start = datetime.now(UTC) + timedelta(days=1)
    facts = AppointmentFacts(
        appointment_id=new_id(),
        contact="jan@example.com",
        service="cut",
        service_name="Cut",
        start=start,
        end=start + timedelta(hours=1),
    )
    reminder = AppointmentReminder(
        id=new_id(),
        tenant="salon-ania",
        session_id="s1",
        locale="pl",
        accepted_at=start - timedelta(days=1),
        data=facts,
        hours_before=24,
    )
    sqs.send_message(QueueUrl=queues["NotificationsQueue"], MessageBody=reminder.model_dump_json())
    async with run_worker():
        [dead_letter] = await receive_dead_letters(sqs, queues, 1)

    attributes = dead_letter["MessageAttributes"]
    assert (attributes["reason"]["StringValue"], attributes["attempts"]["StringValue"]) == ("mail_off", "1")
