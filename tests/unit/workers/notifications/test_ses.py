"""The requests to SES, and the translation of its errors."""

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

TEMPLATES = JinjaEmailTemplates()


class FakeSes:
    """The one method of the SES client that is used."""

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
    return TEMPLATES.render(make_notice("confirmed"), make_profile(name="Salon „Ania”, Łódź"), code=None)


async def sent(email, sender="Stride <no-reply@stride.example>"):
    """Send an e-mail; return the arguments of the call and the message as a mail program parses it."""
    client = FakeSes()
    await SesMailer(client=client, sender=sender).send(email)
    [call] = client.calls
    raw = call["Content"]["Raw"]["Data"]
    return call, message_from_bytes(raw, policy=SMTP), raw


async def test_an_email_becomes_a_message_with_its_calendar_file(email):
    """From the verified sender with the name of the business; replies go to the business."""
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
    assert dict(calendar["Content-Type"].params)["charset"] == "utf-8"
    assert calendar.get_content().replace("\r\n", "\n") == email.attachments[0].content.replace("\r\n", "\n")
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


@pytest.mark.parametrize(
    ("lines", "method"),
    [
        (["VERSION:2.0", "METHOD:REQUEST"], "REQUEST"),
        (["VERSION:2.0", "METHOD:CANCEL"], "CANCEL"),
        (["VERSION:2.0", "METHOD:PUBLISH"], "PUBLISH"),
        (["VERSION:2.0"], None),
        (["METHOD:SHRED"], None),
        (['METHOD:CANCEL;x="y"'], None),
        (["X-METHOD:CANCEL"], None),
        (["BEGIN:VEVENT", "METHOD:CANCEL", "END:VEVENT"], None),
    ],
)
@pytest.mark.parametrize("kind", ["confirmed", "rescheduled", "cancelled"])
async def test_the_content_type_of_a_calendar_file_repeats_its_method(make_notice, make_profile, kind, lines, method):
    """Also for a file that the release before has queued (RFC 6047, section 2.4)."""
    ics = "\r\n".join(["BEGIN:VCALENDAR", *lines, "END:VCALENDAR", ""])
    email = TEMPLATES.render(make_notice(kind, ics=ics), make_profile(), code=None)

    _, message, _ = await sent(email)

    _, calendar = message.iter_parts()
    assert dict(calendar["Content-Type"].params).get("method") == method
    assert calendar.get_payload(decode=True).decode() == ics


async def test_a_repeated_email_is_the_same_message(email):
    """So that mail programs can display it once; an automatic e-mail asks for no automatic reply."""
    (_, one, first), (_, _, second) = await sent(email), await sent(email)

    assert first == second
    assert one["Auto-Submitted"] == "auto-generated"


async def test_an_email_without_reply_address_and_file_has_only_text(email):
    """As plain text, and as HTML with the same content."""
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
async def test_an_email_to_an_ambiguous_recipient_is_not_sent(email, recipient):
    """A recipient that a mail program would parse as other addresses is refused permanently."""
    with pytest.raises(PermanentError) as caught:
        await sent(replace(email, recipient=recipient))
    assert caught.value.reason == "mail_rejected"
    assert "example" not in str(caught.value)


@pytest.mark.parametrize(
    "recipient", ["o'brien+visits@example.com", "jan@xn--d-uga0v4h.example", f"{'a' * 64}@b.example"]
)
async def test_an_unusual_recipient_is_kept_unchanged(email, recipient):
    """Sub-addresses, apostrophes, and internationalized domains."""
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
async def test_an_invalid_reply_address_is_left_out(email, given, named):
    """An owner typed it; visitors still get their codes."""
    _, message, _ = await sent(replace(email, reply_to=given))

    assert message["Reply-To"] == named
    assert message["Bcc"] is None


@pytest.mark.parametrize("field", ["subject", "sender_name"])
async def test_a_line_break_in_a_header_never_becomes_a_second_header(email, field):
    """Names are flattened before; the message refuses one that was missed."""
    broken = replace(email, **{field: "Jan\r\nBcc: everybody@example.com"})

    with pytest.raises(ValueError, match=r"(?i)linefeed|CR|address|invalid"):
        await sent(broken)


@pytest.mark.parametrize("code", ["MessageRejected", "MailFromDomainNotVerifiedException", "BadRequestException"])
async def test_an_email_that_ses_refuses_is_never_retried(email, code):
    """The reason is that of the ledger, and the error has no address."""
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
async def test_an_error_of_ses_is_retried(email, error):
    """The e-mail is valid."""
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
async def test_an_error_without_an_answer_has_an_unknown_outcome(email, error, perhaps):
    """After a timeout the e-mail may have been accepted."""
    mailer = SesMailer(client=FakeSes(error), sender="no-reply@stride.example")

    with pytest.raises(TransientError) as caught:
        await mailer.send(email)
    assert isinstance(caught.value, UnknownOutcomeError) is perhaps
    assert caught.value.reason == "mail_not_taken"


async def test_throttling_gives_the_delay_and_the_reason(email):
    """The reason is that of the ledger, in case no attempt is left."""
    mailer = SesMailer(client=FakeSes(refused("TooManyRequestsException", 429)), sender="no-reply@stride.example")

    with pytest.raises(TransientError) as caught:
        await mailer.send(email)
    assert (caught.value.retry_after, caught.value.reason) == (timedelta(seconds=1), "mail_not_taken")


@pytest.mark.parametrize("code", ["AccountSuspendedException", "SendingPausedException", "NotFoundException"])
async def test_a_suspended_account_is_retried_to_the_last_attempt(email, code):
    """An operator may correct it meanwhile."""
    mailer = SesMailer(client=FakeSes(refused(code)), sender="no-reply@stride.example")

    with pytest.raises(DeploymentError):
        await mailer.send(email)


@pytest.mark.parametrize(("name", "options"), [("", {}), ("letters", {"ConfigurationSetName": "letters"})])
async def test_the_configuration_set_is_passed_to_ses(email, name, options):
    """Without one SES reports no bounces."""
    client = FakeSes()
    await SesMailer(client=client, sender="no-reply@stride.example", configuration_set=name).send(email)

    [call] = client.calls
    assert {key: value for key, value in call.items() if key == "ConfigurationSetName"} == options


async def test_a_missing_permission_is_a_deployment_error(email):
    """It is not blamed on the recipient."""
    mailer = SesMailer(client=FakeSes(refused("AccessDeniedException", 403)), sender="no-reply@stride.example")

    with pytest.raises(PermanentError) as caught:
        await mailer.send(email)
    assert caught.value.reason == "aws_AccessDeniedException"
