"""What SNS is given, and what its answers mean."""

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
    """The one call of the vendor's client that is used."""

    def __init__(self, error=None):
        self.calls = []
        self.error = error

    async def publish(self, **arguments):
        if self.error:
            raise self.error
        self.calls.append(arguments)


def sms_sender(client, **options):
    return SnsSmsSender(client=client, max_price_usd=Decimal("0.05"), **options)


async def test_a_sender_has_a_name_where_there_is_one():
    """Where a country takes names; it is off unless somebody sets it."""
    client = FakeSns()
    await sms_sender(client, sender_id="SalonAnia").send(MESSAGE)

    sender = client.calls[0]["MessageAttributes"]["AWS.SNS.SMS.SenderID"]
    assert sender == {"DataType": "String", "StringValue": "SalonAnia"}


async def test_throttling_says_when_to_come_back_and_why():
    """The reason is the ledger's word, should no attempt be left."""
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


async def test_a_message_is_a_transactional_one_to_its_number():
    """It goes before advertisements do, and to nobody else."""
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
async def test_a_number_that_sns_refuses_is_never_tried_again(code):
    """Nor one whose owner wants no messages. The reason is the ledger's word; the number stays out of it."""
    with pytest.raises(PermanentError) as caught:
        await sms_sender(FakeSns(refused(code))).send(MESSAGE)

    assert not isinstance(caught.value, DeploymentError)
    assert (caught.value.reason, str(caught.value)) == ("sms_rejected", code)


@pytest.mark.parametrize("error", PASSING)
async def test_trouble_on_the_other_side_is_tried_again(make_alert, error):
    """Nothing is wrong with the message, nor with the alert."""
    with pytest.raises(TransientError):
        await sms_sender(FakeSns(error)).send(MESSAGE)
    with pytest.raises(TransientError):
        await SnsAlerts(client=FakeSns(error), topic_arn=TOPIC).send(make_alert())


@pytest.mark.parametrize(("error", "perhaps"), [(TimeoutError(), True), (refused("Throttled", 429), False)])
async def test_no_answer_is_not_a_no(error, perhaps):
    """The message may have been taken, and is perhaps sent twice."""
    with pytest.raises(TransientError) as caught:
        await sms_sender(FakeSns(error)).send(MESSAGE)
    assert isinstance(caught.value, UnknownOutcomeError) is perhaps


async def test_a_key_that_is_throttled_passes(make_alert):
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
async def test_what_is_wrong_with_the_deployment_is_said_as_it_is(make_alert, code, status):
    """A missing permission or topic is mended by a person: tried to the last attempt."""
    error = refused(code, status)

    for send in (
        sms_sender(FakeSns(error)).send(MESSAGE),
        SnsAlerts(client=FakeSns(error), topic_arn=TOPIC).send(make_alert()),
    ):
        with pytest.raises(DeploymentError) as caught:
            await send
        assert caught.value.reason == f"aws_{code}"
        assert "600700800" not in str(caught.value)


async def test_an_alert_says_what_is_wrong_where_and_what_to_do(make_alert):
    """In its subject and in its text."""
    client = FakeSns()
    await SnsAlerts(client=client, topic_arn=TOPIC).send(make_alert())

    [call] = client.calls
    assert call["TopicArn"] == TOPIC
    assert call["Subject"] == "calendar_access_revoked (salon-ania)"
    assert call["Message"].startswith("Give the calendar to the service account again.\n")
    assert "calendar_access_revoked" in call["Message"]
    assert "salon-ania" in call["Message"]


async def test_a_subject_is_one_that_sns_takes(make_alert):
    """ASCII, one line, under 100 characters (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html)."""
    client = FakeSns()
    alert = make_alert(data={"reason": "żółw\r\n" * 60, "advice": "Zażółć."})
    await SnsAlerts(client=client, topic_arn=TOPIC).send(alert)

    subject = client.calls[0]["Subject"]
    assert subject.isascii()
    assert subject.isprintable()
    assert len(subject) < 100
    assert "Zażółć." in client.calls[0]["Message"]
