"""Feedback on e-mails: which addresses are suppressed, and which messages are refused."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from shared.claims import Done
from shared.consumer.decode import Decoder, UndecodableError
from shared.errors import TransientError
from shared.suppressions import Suppression
from tests.fakes.claims import FakeClaims
from tests.fakes.clock import FakeClock
from tests.fakes.figures import FakeMetrics
from tests.fakes.suppressions import FakeSuppressions
from workers.notifications.adapters.ses_events import build_feedback_report_adapter
from workers.notifications.domain import MailFeedback, decide_suppression
from workers.notifications.handler import FeedbackHandler

TOPIC = "arn:aws:sns:eu-central-1:123456789012:stride-feedback"
MESSAGE_ID = "3f0c1a52-7d3e-4f57-9f60-0a4b5b2d8c11"
AT = datetime(2026, 1, 12, 11, 59, tzinfo=UTC)
NOW = datetime(2026, 1, 12, 12, tzinfo=UTC)
DAY = timedelta(hours=24)
DECODER = Decoder(build_feedback_report_adapter(TOPIC))


def bounce(kind="Permanent", detail="General", *, to=("jan@example.com",), bounced_address="jan@example.com"):
    return {
        "eventType": "Bounce",
        "bounce": {
            "bounceType": kind,
            "bounceSubType": detail,
            "bouncedRecipients": [{"emailAddress": bounced_address, "diagnosticCode": "smtp; 550 5.1.1 user unknown"}],
            "timestamp": "2026-01-12T11:59:00.000Z",
            "feedbackId": "0100",
        },
        "mail": {"timestamp": "2026-01-12T11:58:00.000Z", "messageId": "0101", "destination": list(to)},
    }


def complaint(kind="abuse"):
    return {
        "eventType": "Complaint",
        "complaint": {
            "complainedRecipients": [{"emailAddress": "jan@example.com"}],
            "timestamp": "2026-01-12T11:59:00.000Z",
            "complaintFeedbackType": kind,
        },
        "mail": {"destination": ["jan@example.com"]},
    }


def notification(event, **fields):
    content = {
        "Type": "Notification",
        "MessageId": MESSAGE_ID,
        "TopicArn": TOPIC,
        "Subject": "Amazon SES Email Event Notification",
        "Message": event if isinstance(event, str) else json.dumps(event),
        "Timestamp": "2026-01-12T12:00:00.000Z",
        "Signature": "x",
    }
    return json.dumps(content | fields)


def feedback(kind, detail=""):
    category, _, subcategory = detail.partition("/")
    return MailFeedback(
        kind=kind, detail=detail, category=category, subcategory=subcategory, address="jan@example.com", at=AT
    )


@pytest.mark.parametrize(
    ("kind", "detail", "expected"),
    [
        ("bounce", "Permanent/General", Suppression("bounced", AT)),
        ("bounce", "Permanent/NoEmail", Suppression("bounced", AT)),
        ("bounce", "Permanent/OnAccountSuppressionList", Suppression("bounced", AT)),
        ("bounce", "Undetermined/Undetermined", Suppression("full", AT, AT + DAY)),
        ("bounce", "Transient/MailboxFull", Suppression("full", AT, AT + DAY)),
        ("bounce", "Transient/General", None),
        ("bounce", "Transient/MessageTooLarge", None),
        ("bounce", "Transient/ContentRejected", None),
        ("bounce", "Transient/AttachmentRejected", None),
        ("bounce", "SomethingNew/General", None),
        ("complaint", "abuse", Suppression("complained", AT)),
        ("complaint", "", Suppression("complained", AT)),
        ("complaint", "not-spam", None),
        ("other", "Delivery", None),
    ],
)
def test_which_feedback_suppresses_an_address(kind, detail, expected):
    """Permanent bounces and complaints do so without end, a full mailbox for a day, other feedback not at all."""
    assert decide_suppression(feedback(kind, detail), now=NOW) == expected


def test_an_old_report_of_a_full_mailbox_is_ignored():
    """Its suppression would be over already."""
    assert decide_suppression(feedback("bounce", "Transient/MailboxFull"), now=AT + DAY) is None


def test_a_report_from_the_future_counts_from_now():
    """The sender's clock does not extend a suppression."""
    found = decide_suppression(feedback("bounce", "Transient/MailboxFull"), now=AT - timedelta(days=365))
    assert found is not None
    assert found.until == AT - timedelta(days=364)


@pytest.mark.parametrize(
    ("event", "kind", "detail", "address"),
    [
        (bounce(), "bounce", "Permanent/General", "jan@example.com"),
        (bounce("Transient", "MailboxFull"), "bounce", "Transient/MailboxFull", "jan@example.com"),
        (complaint(), "complaint", "abuse", "jan@example.com"),
        ({"eventType": "Delivery", "mail": {"destination": ["jan@example.com"]}}, "other", "Delivery", None),
        ("Successfully validated SNS topic for Amazon SES event publishing.", "other", "greeting", None),
    ],
)
def test_an_event_of_ses_is_decoded(event, kind, detail, address):
    """As SNS delivers it to the queue."""
    report = DECODER.decode(notification(event))

    assert (report.data.kind, report.data.detail, report.data.address) == (kind, detail, address)
    assert report.claim_key == f"feedback#{MESSAGE_ID}"


def test_types_of_an_event_are_separate_fields():
    """The detail, which is for the log, need not be parsed; the fingerprint is that of the release before."""
    bounced, complained = (DECODER.decode(notification(event)).data for event in (bounce(), complaint()))
    assert (bounced.category, bounced.subcategory) == ("Permanent", "General")
    assert (complained.category, complained.subcategory) == ("abuse", "")
    assert set(bounced.model_dump()) == {"kind", "detail", "address", "at"}


def test_the_suppressed_address_is_the_one_that_we_sent_to():
    """A report of non-delivery is written by the recipient, who could name any address."""
    report = DECODER.decode(notification(bounce(bounced_address="somebody-else@example.com")))

    assert report.data.address == "jan@example.com"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("not json", id="no JSON"),
        pytest.param("[]", id="no object"),
        pytest.param("{}", id="nothing"),
        pytest.param(json.dumps(bounce()), id="without its notification"),
        pytest.param(notification(bounce(), TopicArn=TOPIC + "x"), id="another topic"),
        pytest.param(notification(bounce(), TopicArn=None), id="no topic"),
        pytest.param(notification(bounce(), Type="SubscriptionConfirmation"), id="a subscription"),
        pytest.param(notification(bounce(), MessageId="../x"), id="an id that is none"),
        pytest.param(notification(bounce(), MessageId="a" * 4000), id="an endless id"),
        pytest.param(notification("x"), id="no event"),
        pytest.param(notification("x" * 200_000), id="huge"),
        pytest.param(notification("[" * 20_000), id="deep"),
        pytest.param(notification(bounce(to=())), id="to nobody"),
        pytest.param(notification(bounce(to=("a@example.com", "b@example.com"))), id="to several"),
        pytest.param(notification(bounce(to=("no address",))), id="to no address"),
        pytest.param(notification(bounce(to=("a" * 400 + "@example.com",))), id="to a long address"),
        pytest.param(notification(bounce(to=("a@example.com\r\nBcc: b@example.com",))), id="to two lines"),
        pytest.param(notification({"eventType": "Bounce", "mail": {"destination": ["a@example.com"]}}), id="no bounce"),
        pytest.param(notification(bounce("x" * 1000)), id="a long kind"),
        pytest.param(notification(bounce() | {"eventType": 7}), id="a number for a kind"),
    ],
)
def test_a_message_that_ses_did_not_publish_is_refused(body):
    """The error repeats nothing of its body."""
    with pytest.raises(UndecodableError) as caught:
        DECODER.decode(body)
    assert "example.com" not in str(caught.value)
    assert len(str(caught.value)) < 500


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["eventType", "mail", "bounce", "destination", "timestamp", "bounceType"]), inner
            )
        ),
        max_leaves=12,
    )
)
def test_any_event_is_decoded_or_refused(event):
    """Whatever a notification contains, no other exception is raised."""
    try:
        report = DECODER.decode(notification(json.dumps(event)))
    except UndecodableError:
        return
    assert report.data.kind in {"bounce", "complaint", "other"}


class Post:
    """The feedback handler with its fakes."""

    def __init__(self):
        self.clock = FakeClock(NOW)
        self.claims, self.metrics, self.suppressions = FakeClaims(self.clock), FakeMetrics(), FakeSuppressions()
        self.handler = FeedbackHandler(
            suppressions=self.suppressions, claims=self.claims, metrics=self.metrics, clock=self.clock
        )

    async def take_claim(self, report):
        return await self.claims.claim(report.claim_key, fingerprint="f", lease=timedelta(seconds=30))

    async def handle(self, event):
        report = DECODER.decode(notification(event))
        await self.handler.handle(report, await self.take_claim(report))
        return report


@pytest.fixture
def feedback_world():
    return Post()


@pytest.mark.parametrize(("event", "reason"), [(bounce(), "bounced"), (complaint(), "complained")])
async def test_an_address_that_bounced_or_complained_is_suppressed(feedback_world, event, reason):
    """It is counted by its reason, and the log has no personal data."""
    with structlog.testing.capture_logs() as logs:
        report = await feedback_world.handle(event)

    found = await feedback_world.suppressions.find("JAN@example.com", at=NOW + timedelta(days=3650))
    assert found == Suppression(reason, AT)
    assert isinstance(await feedback_world.take_claim(report), Done)
    assert [(line["event"], line["suppressed"]) for line in logs] == [("mail_feedback", reason)]
    assert not re.search(r"\bjan\b", str(logs), re.IGNORECASE)
    assert [(each.name, each.dimensions) for each in feedback_world.metrics.figures] == [
        ("AddressesSuppressed", (("Reason", reason),))
    ]


async def test_feedback_that_says_nothing_about_the_address_is_completed(feedback_world):
    """An automatic reply, or SES's validation of the topic."""
    await feedback_world.handle(bounce("Transient", "General"))

    assert feedback_world.suppressions.rows == {}


async def test_feedback_that_could_not_be_stored_is_retried(feedback_world):
    """Its claim is not completed."""
    feedback_world.suppressions.errors.append(TransientError("dynamodb"))
    with pytest.raises(TransientError):
        await feedback_world.handle(bounce())

    assert not feedback_world.claims.records[f"feedback#{MESSAGE_ID}"].done


async def test_repeated_feedback_changes_nothing(feedback_world):
    """SNS delivers at least once."""
    report = await feedback_world.handle(bounce())
    before = dict(feedback_world.suppressions.rows)
    await feedback_world.handler.repeat_outcome(report, None)
    await feedback_world.handler.refuse_reused_id(report)

    assert feedback_world.suppressions.rows == before
