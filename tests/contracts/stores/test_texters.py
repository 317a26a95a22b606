"""Text messages and alerts: what arrives through the fakes arrives through SNS."""

import json
import urllib.request
from decimal import Decimal

import pytest

from shared.errors import DeploymentError
from shared.ids import new_id
from shared.messages.notices import NOTICE
from tests.deadlines import DEADLINE_SECONDS
from tests.fakes.notices import FakeAlerts, FakeSmsSender
from workers.notifications.adapters.sns import SnsAlerts, SnsSmsSender
from workers.notifications.domain import TextMessage

ALERT = NOTICE.validate_python(
    {
        "id": "notice-alert",
        "type": "notice.alert",
        "tenant": "salon-ania",
        "session_id": "calendars",
        "locale": "en",
        "accepted_at": "2026-01-12T12:00:00Z",
        "data": {"reason": "calendar_access_revoked", "advice": "Give the calendar to the service account again."},
    }
)


@pytest.fixture(scope="module")
async def sns(clients):
    return await clients.client("sns", attempts=1)


@pytest.fixture(params=["memory", "sns"])
def texter(request):
    """Return what sends, and what tells which texts a number got."""
    if request.param == "memory":
        fake = FakeSmsSender()
        return fake, lambda number: [message.text for message in fake.sent if message.recipient == number]

    emulator = request.getfixturevalue("emulator")

    def arrived(number):
        address = f"{emulator.endpoint_url}/_ministack/sns/sms-messages"
        with urllib.request.urlopen(address, timeout=DEADLINE_SECONDS) as answer:  # noqa: S310 - an address of this machine
            caught = json.load(answer)["sms_messages"]
        return [message["Message"] for message in caught.get(number, [])]

    return SnsSmsSender(client=request.getfixturevalue("sns"), max_price_usd=Decimal("0.20")), arrived


@pytest.fixture(params=["memory", "sns"])
def alerts(request):
    """Return what sends, and what returns the texts of the alerts that somebody who subscribed got."""
    if request.param == "memory":
        fake = FakeAlerts()
        return fake, lambda: [alert.data.advice for alert in fake.sent]
    emulator = request.getfixturevalue("emulator")
    blocking, sqs, name = emulator.client("sns"), emulator.client("sqs"), new_id()
    topic = blocking.create_topic(Name=name)["TopicArn"]
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    blocking.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def arrived():
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2).get("Messages", [])
        return [json.loads(message["Body"])["Message"] for message in found]

    return SnsAlerts(client=request.getfixturevalue("sns"), topic_arn=topic), arrived


async def test_a_message_reaches_its_number_alone(texter):
    """Letter by letter."""
    texter, arrived = texter
    number, other = "+48600700801", "+48600700802"
    await texter.send(TextMessage(recipient=number, text="123456 to kod do wizyty: Salon Ania [à €]"))

    assert arrived(number)[-1:] == ["123456 to kod do wizyty: Salon Ania [à €]"]
    assert arrived(other) == []


async def test_an_alert_reaches_who_subscribed(alerts):
    """Once, with the sentence that says what to do."""
    alerts, arrived = alerts
    await alerts.send(ALERT)

    [text] = arrived()
    assert text.startswith("Give the calendar to the service account again.")


async def test_a_topic_that_is_not_there_is_the_deployments_fault(sns):
    """As SNS says it itself."""
    gone = SnsAlerts(client=sns, topic_arn="arn:aws:sns:eu-central-1:000000000000:never-made")

    with pytest.raises(DeploymentError):
        await gone.send(ALERT)
