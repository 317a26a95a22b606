"""What a deployment's settings make of the ports: which channels there are, and what providers are told."""

from types import SimpleNamespace

import boto3
import pytest

from shared.aws.items import to_item
from shared.aws.stores import Stores
from tests.fakes.clock import FakeClock
from tests.fakes.figures import FakeMetrics
from workers.notifications.adapters.email_templates import JinjaEmailTemplates
from workers.notifications.domain import TextMessage
from workers.notifications.settings import NotificationsSettings
from workers.notifications.wiring import open_ports

TOPIC = "arn:aws:sns:eu-central-1:123456789012:alerts"
REQUIRED = {
    "PROCESSED_TABLE": "processed",
    "FAILURES_TABLE": "failures",
    "SUPPRESSIONS_TABLE": "suppressions",
    "LIMITS_TABLE": "limits",
    "KNOWLEDGE_BUCKET": "knowledge",
    "NOTIFICATIONS_QUEUE_URL": "notices",
    "NOTIFICATIONS_DLQ_URL": "letters",
    "FEEDBACK_QUEUE_URL": "feedback",
    "FEEDBACK_TOPIC_ARN": "topic",
    "CODE_KEY_SECRET_ID": "code",
}
OPTIONAL = (
    *("SES_FROM_EMAIL", "SES_CONFIGURATION_SET", "SNS_TOPIC_ARN", "NOTICES_PER_MINUTE"),
    *("SMS_ENABLED", "SMS_MAX_PRICE_USD", "SMS_SENDER_ID"),
)


class FakeAws:
    """Every service that is called here; the row of each rate-limit key says that nothing waits."""

    def __init__(self):
        self.opened = []
        self.calls = []

    async def client(self, service, **_options):
        self.opened.append(service)
        return self

    async def send_email(self, **arguments):
        self.calls.append(arguments)

    async def publish(self, **arguments):
        self.calls.append(arguments)

    async def get_item(self, **_arguments):
        return {}

    async def put_item(self, **_arguments):
        return {}

    async def update_item(self, **arguments):
        self.calls.append(arguments)
        return {"Attributes": to_item({"caught_up_ms": 0})}


@pytest.fixture
def opened(monkeypatch):
    """Return what opens the ports of a deployment with these variables, and the AWS that it speaks to."""
    blocking = SimpleNamespace(
        get_secret_value=lambda **_: {"SecretString": "a secret of the deployment"}, head_bucket=lambda **_: {}
    )
    monkeypatch.setattr(boto3, "client", lambda *_, **__: blocking)
    for variable in OPTIONAL:
        monkeypatch.delenv(variable, raising=False)

    async def open_with(**variables):
        for variable, value in (REQUIRED | variables).items():
            monkeypatch.setenv(variable, value)
        aws = FakeAws()
        stores = Stores(dynamodb=aws, claims=None)
        ports = await open_ports(aws, NotificationsSettings(), stores=stores, clock=FakeClock(), metrics=FakeMetrics())
        return ports, aws

    return open_with


async def test_without_its_setting_a_channel_is_off(opened):
    """Then booking refuses the contact; no client is opened that nobody needs."""
    ports, aws = await opened()
    assert (ports.mailer, ports.sms_sender, ports.alerts) == (None, None, None)
    assert aws.opened == []


@pytest.mark.parametrize(
    ("variables", "on"),
    [
        ({"SES_FROM_EMAIL": "no-reply@stride.example"}, (True, False, False)),
        ({"SMS_ENABLED": "true"}, (False, True, False)),
        ({"SNS_TOPIC_ARN": TOPIC}, (False, False, True)),
    ],
    ids=["e-mail", "text messages", "alerts"],
)
async def test_each_channel_is_turned_on_by_itself(opened, variables, on):
    """None of them brings another one along."""
    ports, _ = await opened(**variables)
    assert tuple(role is not None for role in (ports.mailer, ports.sms_sender, ports.alerts)) == on


async def test_letters_go_from_the_sender_by_the_configuration_set(opened, make_notice, make_profile):
    """Without the set no bounce ever comes back."""
    ports, aws = await opened(SES_FROM_EMAIL="no-reply@stride.example", SES_CONFIGURATION_SET="letters")
    await ports.mailer.send(JinjaEmailTemplates().render(make_notice("confirmed"), make_profile(), code=None))
    [call] = aws.calls
    assert (call["FromEmailAddress"], call["ConfigurationSetName"]) == ("no-reply@stride.example", "letters")


async def test_text_messages_go_at_the_price_and_under_the_name_that_are_set(opened):
    """A dearer one is dropped by SNS."""
    ports, aws = await opened(SMS_ENABLED="true", SMS_MAX_PRICE_USD="0.07", SMS_SENDER_ID="SalonAnia")
    await ports.sms_sender.send(TextMessage(recipient="+48600700800", text="123456 to kod"))
    [call] = aws.calls
    said = {name.rpartition(".")[2]: one["StringValue"] for name, one in call["MessageAttributes"].items()}
    assert (call["PhoneNumber"], said["MaxPrice"], said["SenderID"]) == ("+48600700800", "0.07", "SalonAnia")


async def test_alerts_go_to_the_topic_that_is_set(opened, make_alert):
    """Whoever runs the system has subscribed to that one."""
    ports, aws = await opened(SNS_TOPIC_ARN=TOPIC)
    await ports.alerts.send(make_alert())
    assert [call["TopicArn"] for call in aws.calls] == [TOPIC]


@pytest.mark.parametrize(("variables", "step"), [({}, 200), ({"NOTICES_PER_MINUTE": "20"}, 3000)])
async def test_the_rate_limit_of_a_business_is_the_configured_one(opened, variables, step):
    """Each notice advances the row by its share of a minute."""
    ports, aws = await opened(**variables)
    await ports.send_rate_limiter.reserve("salon-ania", "notice-1", now=FakeClock().now())
    assert [call["ExpressionAttributeValues"][":step"] for call in aws.calls] == [{"N": str(step)}]
