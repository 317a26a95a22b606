"""The contract of the senders of text messages and alerts: the fakes and SNS behave alike."""

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
    return await clients.open_client("sns", attempts=1)


@pytest.fixture(params=["memory", "sns"])
def sms_sender(request):
    """Return the sender, and a function that returns the texts which a number received."""
    if request.param == "memory":
        fake = FakeSmsSender()
        return fake, lambda number: [message.text for message in fake.sent if message.recipient == number]

    emulator = request.getfixturevalue("emulator")

    def received(number):
        address = f"{emulator.endpoint_url}/_ministack/sns/sms-messages"
        with urllib.request.urlopen(address, timeout=DEADLINE_SECONDS) as answer:  # noqa: S310 - an address of this machine
            caught = json.load(answer)["sms_messages"]
        return [message["Message"] for message in caught.get(number, [])]

    return SnsSmsSender(client=request.getfixturevalue("sns"), max_price_usd=Decimal("0.20")), received


@pytest.fixture(params=["memory", "sns"])
def alerts(request):
    """Return the sender, and a function that returns the texts which a subscriber of the topic received."""
    if request.param == "memory":
        fake = FakeAlerts()
        return fake, lambda: [alert.data.advice for alert in fake.sent]
    emulator = request.getfixturevalue("emulator")
    blocking, sqs, name = emulator.client("sns"), emulator.client("sqs"), new_id()
    topic = blocking.create_topic(Name=name)["TopicArn"]
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    blocking.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def received():
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2).get("Messages", [])
        return [json.loads(message["Body"])["Message"] for message in found]

    return SnsAlerts(client=request.getfixturevalue("sns"), topic_arn=topic), received


async def test_a_message_reaches_only_its_number(sms_sender):
    """Its text is unchanged."""
    sms_sender, received = sms_sender
    number, other = "+48600700801", "+48600700802"
    await sms_sender.send(TextMessage(recipient=number, text="123456 to kod do wizyty: Salon Ania [à €]"))

    assert received(number)[-1:] == ["123456 to kod do wizyty: Salon Ania [à €]"]
    assert received(other) == []


async def test_an_alert_reaches_the_subscribers(alerts):
    """Once, with the advice on what to do."""
    alerts, received = alerts
    await alerts.send(ALERT)

    [text] = received()
    assert text.startswith("Give the calendar to the service account again.")


async def test_a_missing_topic_is_a_deployment_error(sns):
    """With the error code of SNS."""
    alerts = SnsAlerts(client=sns, topic_arn="arn:aws:sns:eu-central-1:000000000000:never-made")

    with pytest.raises(DeploymentError):
        await alerts.send(ALERT)
