"""What SES is given, and what its answers mean."""

from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from shared.errors import DeploymentError, PermanentError, TransientError
from workers.notifications.adapters.email_templates import JinjaEmailTemplates
from workers.notifications.adapters.ses import SesMailer
from workers.notifications.ports import UnknownOutcomeError


class FakeSes:
    """The one call of the vendor's client that is used."""

    def __init__(self, error=None):
        self.calls = []
        self.error = error

    async def send_email(self, **arguments):
        if self.error:
            raise self.error
        self.calls.append(arguments)


def refused(code, status=400):
    answer = {"Error": {"Code": code, "Message": "jan@example.com"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "SendEmail")


@pytest.fixture
def email(make_notice, make_profile):
    return JinjaEmailTemplates().render(make_notice("confirmed"), make_profile(name="Salon „Ania”, Łódź"), code=None)


async def sent(email, sender="Stride <no-reply@stride.example>"):
    """Send a letter; return the call's arguments and the message as a mail program reads it."""
    client = FakeSes()
    await SesMailer(client=client, sender=sender).send(email)
    [call] = client.calls
    raw = call["Content"]["Raw"]["Data"]
    return call, message_from_bytes(raw, policy=SMTP), raw


async def test_a_letter_becomes_a_message_with_its_calendar_file(email):
    """From the verified sender under the business's name; replies go to the business."""
    call, message, raw = await sent(email)

    assert call["FromEmailAddress"] == "no-reply@stride.example"
    assert call["Destination"] == {"ToAddresses": ["jan@example.com"]}
    [sender] = message["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("Salon „Ania”, Łódź", "no-reply@stride.example")
    assert (message["To"], message["Reply-To"]) == ("jan@example.com", "salon@example.com")
    assert message["Subject"] == email.subject
    assert message["Message-ID"] == "<notice-confirmed@stride.example>"
    words, calendar = message.iter_parts()
    text, html = words.iter_parts()
    assert text.get_content().replace("\r\n", "\n") == email.text
    assert html.get_content_type() == "text/html"
    assert html.get_content().replace("\r\n", "\n").strip() == email.html.strip()
    assert calendar.get_content_type() == "text/calendar"
    assert calendar.get_filename() == "appointment.ics"
    assert dict(calendar["Content-Type"].params) | {"charset": "utf-8", "method": "PUBLISH"} == dict(
        calendar["Content-Type"].params
    )
    assert calendar.get_content().replace("\r\n", "\n") == email.attachments[0].content.replace("\r\n", "\n")
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


async def test_a_repeated_letter_is_the_same_message(email):
    """So that mail programs can show it once; a machine's letter asks for no automatic reply."""
    (_, one, first), (_, _, second) = await sent(email), await sent(email)

    assert first == second
    assert one["Auto-Submitted"] == "auto-generated"


async def test_a_letter_without_reply_address_and_file_is_words_alone(email):
    """A code to somebody whose business takes no replies: as text, and as HTML that says the same."""
    _, message, _ = await sent(replace(email, reply_to=None, attachments=()))

    assert message["Reply-To"] is None
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]


@pytest.mark.parametrize(
    "recipient",
    [
        "=?utf-8?q?a=40evil.example=2C_b?=@example.com",
        "=?utf-8?q?a=0D=0ABcc=3Aeverybody?=@example.com",
        "Jan\r\nBcc: everybody@example.com",
        "a@example.com, b@example.com",
        "Jan <jan@example.com>",
        "jan@łódź.example",
        "jan",
        "",
    ],
)
async def test_a_letter_names_one_recipient_as_it_is_or_is_not_sent(email, recipient):
    """What a mail program would read as other addresses is refused; no attempt more would change that."""
    with pytest.raises(PermanentError) as caught:
        await sent(replace(email, recipient=recipient))
    assert caught.value.reason == "mail_rejected"
    assert "example" not in str(caught.value)


@pytest.mark.parametrize(
    "recipient", ["o'brien+visits@example.com", "jan@xn--d-uga0v4h.example", f"{'a' * 64}@b.example"]
)
async def test_an_unusual_recipient_is_named_as_it_is(email, recipient):
    """Sub-addresses, apostrophes, and domains with letters of their own."""
    call, message, _ = await sent(replace(email, recipient=recipient))

    assert call["Destination"] == {"ToAddresses": [recipient]}
    assert [address.addr_spec for address in message["To"].addresses] == [recipient]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("salon@example.com", "salon@example.com"),
        ("Salon Ania <salon@example.com>", "salon@example.com"),
        ("salon@łódź.example", "salon@xn--d-uga0v4h.example"),
        ("śalon@example.com", None),
        ("salon(at)example.com", None),
        ("a@example.com, b@example.com", None),
        ("=?utf-8?q?a=40evil.example=2C_b?=@example.com", None),
        ("salon@example.com\r\nBcc: everybody@example.com", None),
        ("", None),
    ],
)
async def test_an_address_for_answers_that_is_none_holds_up_no_letter(email, given, named):
    """An owner has typed it; visitors get their codes all the same."""
    _, message, _ = await sent(replace(email, reply_to=given))

    assert message["Reply-To"] == named
    assert message["Bcc"] is None


@pytest.mark.parametrize("field", ["subject", "sender_name"])
async def test_a_line_end_in_a_header_never_becomes_a_second_header(email, field):
    """The names are put on one line before; the message itself refuses what slipped through."""
    broken = replace(email, **{field: "Jan\r\nBcc: everybody@example.com"})

    with pytest.raises(ValueError, match=r"(?i)linefeed|CR|address|invalid"):
        await sent(broken)


@pytest.mark.parametrize("code", ["MessageRejected", "MailFromDomainNotVerifiedException", "BadRequestException"])
async def test_a_letter_that_ses_refuses_is_never_tried_again(email, code):
    """The reason is the ledger's word; the address stays out of it."""
    mailer = SesMailer(client=FakeSes(refused(code)), sender="no-reply@stride.example")

    with pytest.raises(PermanentError) as caught:
        await mailer.send(email)
    assert (caught.value.reason, str(caught.value)) == ("mail_rejected", code)


@pytest.mark.parametrize(
    "error",
    [
        refused("TooManyRequestsException", 429),
        refused("InternalFailure", 500),
        EndpointConnectionError(endpoint_url="https://email.eu-central-1.amazonaws.com"),
        TimeoutError(),
    ],
)
async def test_trouble_on_the_other_side_is_tried_again(email, error):
    """Nothing is wrong with the letter."""
    mailer = SesMailer(client=FakeSes(error), sender="no-reply@stride.example")

    with pytest.raises(TransientError):
        await mailer.send(email)


@pytest.mark.parametrize(
    ("error", "perhaps"),
    [
        (ReadTimeoutError(endpoint_url="https://email.eu-central-1.amazonaws.com"), True),
        (ConnectionClosedError(endpoint_url="https://email.eu-central-1.amazonaws.com"), True),
        (TimeoutError(), True),
        (refused("InternalFailure", 500), True),
        (refused("ServiceUnavailable", 503), False),
        (refused("TooManyRequestsException", 429), False),
        (ConnectTimeoutError(endpoint_url="https://email.eu-central-1.amazonaws.com"), False),
        (EndpointConnectionError(endpoint_url="https://email.eu-central-1.amazonaws.com"), False),
    ],
)
async def test_no_answer_is_not_a_no(email, error, perhaps):
    """Whoever hangs up early does not know whether the letter was taken."""
    mailer = SesMailer(client=FakeSes(error), sender="no-reply@stride.example")

    with pytest.raises(TransientError) as caught:
        await mailer.send(email)
    assert isinstance(caught.value, UnknownOutcomeError) is perhaps
    assert caught.value.reason == "mail_not_taken"


async def test_throttling_says_when_to_come_back_and_why(email):
    """The reason is the ledger's word, should no attempt be left."""
    mailer = SesMailer(client=FakeSes(refused("TooManyRequestsException", 429)), sender="no-reply@stride.example")

    with pytest.raises(TransientError) as caught:
        await mailer.send(email)
    assert (caught.value.retry_after, caught.value.reason) == (timedelta(seconds=1), "mail_not_taken")


@pytest.mark.parametrize("code", ["AccountSuspendedException", "SendingPausedException", "NotFoundException"])
async def test_an_account_that_may_not_send_is_not_the_letters_fault(email, code):
    """A person puts it right, maybe in a minute: it is tried to its last attempt."""
    mailer = SesMailer(client=FakeSes(refused(code)), sender="no-reply@stride.example")

    with pytest.raises(DeploymentError):
        await mailer.send(email)


@pytest.mark.parametrize(("name", "options"), [("", {}), ("letters", {"ConfigurationSetName": "letters"})])
async def test_bounces_come_back_by_the_configuration_set(email, name, options):
    """Without one SES is told nothing of it."""
    client = FakeSes()
    await SesMailer(client=client, sender="no-reply@stride.example", configuration_set=name).send(email)

    [call] = client.calls
    assert {key: value for key, value in call.items() if key == "ConfigurationSetName"} == options


async def test_what_is_wrong_with_the_deployment_is_said_as_it_is(email):
    """A missing permission is not the recipient's fault."""
    mailer = SesMailer(client=FakeSes(refused("AccessDeniedException", 403)), sender="no-reply@stride.example")

    with pytest.raises(PermanentError) as caught:
        await mailer.send(email)
    assert caught.value.reason == "aws_AccessDeniedException"
