"""Which ports the settings of a deployment give: which channels are on, and what providers are sent."""

from types import SimpleNamespace

import boto3
import pytest

from shared.aws.items import to_item
from shared.aws.stores import Stores
from shared.circuits.reports import CircuitReports
from shared.instants import to_milliseconds
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
    *("SES_FROM_EMAIL", "SES_CONFIGURATION_SET", "ALERT_TOPIC_ARN", "SNS_TOPIC_ARN", "NOTICES_PER_MINUTE"),
    *("SMS_ENABLED", "SMS_MAX_PRICE_USD", "SMS_SENDER_ID"),
)


class FakeAws:
    """Every service that is called here; the row of each rate-limit key says that nothing waits."""

    def __init__(self):
        self.opened = []
        self.calls = []

    async def open_client(self, service, **_options):
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
def open_deployment(monkeypatch):
    """Return a function that opens the ports with these environment variables, and returns them with the fake AWS."""
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
        clock, metrics = FakeClock(), FakeMetrics()
        circuits = CircuitReports(metrics=metrics, clock=clock)
        ports = await open_ports(
            aws, NotificationsSettings(), stores=stores, circuits=circuits, clock=clock, metrics=metrics
        )
        return ports, aws

    return open_with


async def test_a_channel_without_its_setting_is_off(open_deployment):
    """Booking refuses its contacts then, and no client is opened for it."""
    ports, aws = await open_deployment()
    assert (ports.mailer, ports.sms_sender, ports.alerts) == (None, None, None)
    assert aws.opened == []


@pytest.mark.parametrize(
    ("variables", "on"),
    [
        ({"SES_FROM_EMAIL": "no-reply@stride.example"}, (True, False, False)),
        ({"SMS_ENABLED": "true"}, (False, True, False)),
        ({"ALERT_TOPIC_ARN": TOPIC}, (False, False, True)),
        ({"SNS_TOPIC_ARN": TOPIC}, (False, False, True)),
    ],
    ids=["e-mail", "text messages", "alerts", "alerts under the former name"],
)
async def test_each_channel_is_turned_on_independently(open_deployment, variables, on):
    """No setting turns on another channel."""
    ports, _ = await open_deployment(**variables)
    assert tuple(role is not None for role in (ports.mailer, ports.sms_sender, ports.alerts)) == on


async def test_emails_have_the_configured_sender_and_configuration_set(open_deployment, make_notice, make_profile):
    """Without the set SES reports no bounces."""
    ports, aws = await open_deployment(SES_FROM_EMAIL="no-reply@stride.example", SES_CONFIGURATION_SET="letters")
    await ports.mailer.send(JinjaEmailTemplates().render(make_notice("confirmed"), make_profile(), code=None))
    [call] = aws.calls
    assert (call["FromEmailAddress"], call["ConfigurationSetName"]) == ("no-reply@stride.example", "letters")


async def test_text_messages_have_the_configured_price_and_sender_id(open_deployment):
    """SNS drops a more expensive one."""
    ports, aws = await open_deployment(SMS_ENABLED="true", SMS_MAX_PRICE_USD="0.07", SMS_SENDER_ID="SalonAnia")
    await ports.sms_sender.send(TextMessage(recipient="+48600700800", text="123456 to kod"))
    [call] = aws.calls
    attributes = {
        name.rpartition(".")[2]: attribute["StringValue"] for name, attribute in call["MessageAttributes"].items()
    }
    assert (call["PhoneNumber"], attributes["MaxPrice"], attributes["SenderID"]) == (
        "+48600700800",
        "0.07",
        "SalonAnia",
    )


@pytest.mark.parametrize(
    "variables", [{"SNS_TOPIC_ARN": TOPIC}, {"ALERT_TOPIC_ARN": TOPIC, "SNS_TOPIC_ARN": f"{TOPIC}-of-the-predecessor"}]
)
async def test_alerts_go_to_the_configured_topic(open_deployment, make_alert, variables):
    """Operators subscribe to that one."""
    ports, aws = await open_deployment(**variables)
    await ports.alerts.send(make_alert())
    assert [call["TopicArn"] for call in aws.calls] == [TOPIC]


@pytest.mark.parametrize(("variables", "step"), [({}, 200), ({"NOTICES_PER_MINUTE": "20"}, 3000)])
async def test_the_rate_limit_of_a_business_is_the_configured_one(open_deployment, variables, step):
    """Each notice advances the row by its share of a minute."""
    ports, aws = await open_deployment(**variables)
    now = FakeClock().now()
    await ports.send_rate_limiter.reserve("salon-ania", "notice-1", now=now)
    next_ms = to_milliseconds(now) + step
    assert [call["ExpressionAttributeValues"][":next"] for call in aws.calls] == [{"N": str(next_ms)}]
