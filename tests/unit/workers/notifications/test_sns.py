"""The requests to SNS, and the translation of its errors."""

from datetime import timedelta
from decimal import Decimal

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from shared.errors import DeploymentError, PermanentError, TransientError
from workers.notifications.adapters.sns import SnsAlerts, SnsSmsSender
from workers.notifications.domain import TextMessage
from workers.notifications.ports import UnknownOutcomeError

MESSAGE = TextMessage(recipient="+48600700800", text="123456 to kod")
TOPIC = "arn:aws:sns:eu-central-1:123456789012:alerts"


class FakeSns:
    """The one method of the SNS client that is used."""

    def __init__(self, error=None):
        self.calls = []
        self.error = error

    async def publish(self, **arguments):
        if self.error:
            raise self.error
        self.calls.append(arguments)


def sms_sender(client, **options):
    return SnsSmsSender(client=client, max_price_usd=Decimal("0.05"), **options)


async def test_the_sender_id_is_sent_if_it_is_set():
    """For countries that accept names."""
    client = FakeSns()
    await sms_sender(client, sender_id="SalonAnia").send(MESSAGE)

    sender = client.calls[0]["MessageAttributes"]["AWS.SNS.SMS.SenderID"]
    assert sender == {"DataType": "String", "StringValue": "SalonAnia"}


async def test_throttling_gives_the_delay_and_the_reason():
    """The reason is that of the ledger, in case no attempt is left."""
    with pytest.raises(TransientError) as caught:
        await sms_sender(FakeSns(refused("Throttled", 429))).send(MESSAGE)
    assert (caught.value.retry_after, caught.value.reason) == (timedelta(seconds=1), "sms_not_taken")


def refused(code, status=400):
    answer = {
        "Error": {"Code": code, "Message": "+48600700800 is not valid"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "Publish")


PASSING = [
    refused("Throttled", 429),
    refused("ThrottlingException"),
    refused("InternalError", 500),
    EndpointConnectionError(endpoint_url="https://sns.eu-central-1.amazonaws.com"),
    TimeoutError(),
]


async def test_a_text_message_is_transactional():
    """It has priority over advertisements, and goes to one number."""
    client = FakeSns()
    await sms_sender(client).send(MESSAGE)

    assert client.calls == [
        {
            "PhoneNumber": "+48600700800",
            "Message": "123456 to kod",
            "MessageAttributes": {
                "AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"},
                "AWS.SNS.SMS.MaxPrice": {"DataType": "Number", "StringValue": "0.05"},
            },
        }
    ]


@pytest.mark.parametrize("code", ["InvalidParameter", "ParameterValueInvalid", "ValidationException", "OptedOut"])
async def test_a_number_that_sns_refuses_is_never_retried(code):
    """Nor one whose owner has opted out. The reason is that of the ledger, and the error has no number."""
    with pytest.raises(PermanentError) as caught:
        await sms_sender(FakeSns(refused(code))).send(MESSAGE)

    assert not isinstance(caught.value, DeploymentError)
    assert (caught.value.reason, str(caught.value)) == ("sms_rejected", code)


@pytest.mark.parametrize("error", PASSING)
async def test_an_error_of_sns_is_retried(make_alert, error):
    """The message and the alert are valid."""
    with pytest.raises(TransientError):
        await sms_sender(FakeSns(error)).send(MESSAGE)
    with pytest.raises(TransientError):
        await SnsAlerts(client=FakeSns(error), topic_arn=TOPIC).send(make_alert())


@pytest.mark.parametrize(("error", "perhaps"), [(TimeoutError(), True), (refused("Throttled", 429), False)])
async def test_an_error_without_an_answer_has_an_unknown_outcome(error, perhaps):
    """The message may have been accepted, and is perhaps sent twice."""
    with pytest.raises(TransientError) as caught:
        await sms_sender(FakeSns(error)).send(MESSAGE)
    assert isinstance(caught.value, UnknownOutcomeError) is perhaps


async def test_throttling_of_the_key_is_retried(make_alert):
    """A topic may be encrypted with a key of its own."""
    with pytest.raises(TransientError):
        await SnsAlerts(client=FakeSns(refused("KMSThrottling")), topic_arn=TOPIC).send(make_alert())


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("AuthorizationError", 403),
        ("AccessDenied", 403),
        ("NotFound", 404),
        ("KMSAccessDenied", 400),
        ("KMSDisabled", 400),
        ("KMSInvalidState", 400),
        ("KMSNotFound", 400),
        ("KMSOptInRequired", 403),
    ],
)
async def test_a_missing_permission_is_a_deployment_error(make_alert, code, status):
    """An operator corrects a missing permission or topic, so it is retried to the last attempt."""
    error = refused(code, status)

    for send in (
        sms_sender(FakeSns(error)).send(MESSAGE),
        SnsAlerts(client=FakeSns(error), topic_arn=TOPIC).send(make_alert()),
    ):
        with pytest.raises(DeploymentError) as caught:
            await send
        assert caught.value.reason == f"aws_{code}"
        assert "600700800" not in str(caught.value)


async def test_an_alert_has_the_reason_the_business_and_the_advice(make_alert):
    """In its subject and in its text."""
    client = FakeSns()
    await SnsAlerts(client=client, topic_arn=TOPIC).send(make_alert())

    [call] = client.calls
    assert call["TopicArn"] == TOPIC
    assert call["Subject"] == "calendar_access_revoked (salon-ania)"
    assert call["Message"].startswith("Give the calendar to the service account again.\n")
    assert "calendar_access_revoked" in call["Message"]
    assert "salon-ania" in call["Message"]


async def test_a_subject_is_valid_for_sns(make_alert):
    """ASCII, one line, under 100 characters (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html)."""
    client = FakeSns()
    alert = make_alert(data={"reason": "żółw\r\n" * 60, "advice": "Zażółć."})
    await SnsAlerts(client=client, topic_arn=TOPIC).send(alert)

    subject = client.calls[0]["Subject"]
    assert subject.isascii()
    assert subject.isprintable()
    assert len(subject) < 100
    assert "Zażółć." in client.calls[0]["Message"]
