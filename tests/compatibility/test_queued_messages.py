"""Queued messages are read with every field, and sent with the same body, group and deduplication id."""

import json
from datetime import UTC, datetime

import pytest

from shared.aws.sqs_messages import parse_deliveries
from shared.consumer.decode import Decoder, UndecodableError
from shared.consumer.handler import fingerprint_message
from shared.messages.commands import BOOKING_COMMAND, CHAT_COMMAND
from shared.messages.notices import NOTICE
from tests.compatibility import sending
from tests.compatibility.fixtures_of_release import fixture
from tests.compatibility.frozen_names import missing
from tests.fakes.clock import NOON
from workers.failures.domain import build_failure
from workers.notifications.adapters.ses_events import build_feedback_report_adapter

QUEUED = fixture("queue")
MESSAGES = QUEUED["messages"]
DECODERS = {
    "chat.fifo": Decoder(CHAT_COMMAND),
    "booking.fifo": Decoder(BOOKING_COMMAND),
    "notifications": Decoder(NOTICE),
}


def decoded(parameters):
    """Return the message that a queue's worker reads of a body."""
    return DECODERS[parameters["QueueUrl"]].decode(parameters["MessageBody"])


def compared(parameters):
    """Return the parameters of a call with the message's fields side by side with the rest."""
    return json.loads(json.dumps(parameters), object_hook=_decode_bodies)


def _decode_bodies(content):
    return {name: json.loads(value) if name in {"MessageBody", "Input"} else value for name, value in content.items()}


def type_of(message):
    return json.loads(message["parameters"]["MessageBody"])["type"]


@pytest.mark.parametrize("message", MESSAGES, ids=type_of)
def test_a_queued_message_is_read_with_every_field(message):
    """No field is ignored; the claim key and the fingerprint are the same."""
    read = decoded(message["parameters"])
    body = json.loads(message["parameters"]["MessageBody"])
    assert list(missing(body, json.loads(read.model_dump_json(by_alias=True)))) == []
    assert (read.claim_key, fingerprint_message(read)) == (message["claim_key"], message["fingerprint"])


@pytest.mark.parametrize(
    ("kind", "data", "fingerprint"),
    [
        (
            "booking.create",
            {
                "start": "２０２６-01-13T10:00",
                "contact": "６００\u200b７００８００",
                "service": "massage",
                "name": "Zo\u200dë",
                "note": "\u202e1",
            },
            "0f2d833413ba1095bd54bfde5c4af6ca",
        ),
        (
            "booking.verify",
            {"appointment_id": "0123456789abcdef", "code": "１２３\u200b４５６"},
            "d24c33705fa10cd2261063bcfd1e3f4c",
        ),
    ],
)
def test_typed_text_is_read_as_it_was_sent(kind, data, fingerprint):
    """It is normalized when the command is processed; here that would change the fingerprints of stored claims."""
    [kept] = [message["parameters"]["MessageBody"] for message in MESSAGES if type_of(message) == kind]
    read = BOOKING_COMMAND.validate_json(json.dumps(json.loads(kept) | {"data": data}))
    assert json.loads(read.data.model_dump_json()) == data
    assert fingerprint_message(read) == fingerprint


@pytest.mark.parametrize("message", MESSAGES, ids=type_of)
async def test_a_message_is_sent_as_before(message):
    """During a rollout, a worker of the previous release reads it."""
    current = await sending.sent(decoded(message["parameters"]))
    assert list(missing(compared(message["parameters"]), compared(current))) == []


async def test_a_schedule_is_made_as_before():
    """With the same name, so that it can be removed."""
    kept = QUEUED["schedule"]
    command = BOOKING_COMMAND.validate_json(kept["Target"]["Input"])
    assert list(missing(compared(kept), compared(await sending.scheduled(command)))) == []


@pytest.mark.parametrize("name", ["fifo", "standard", "unreadable"])
async def test_a_dead_letter_is_copied_as_before(name):
    """With its dead-letter attributes."""
    kept = QUEUED["dead_letters"][name]
    trace = None if name == "standard" else sending.TRACE
    current = await sending.dead_letter(kept["MessageBody"], fifo=name != "standard", trace=trace)
    assert compared_text(current) == compared_text(kept)


def compared_text(parameters):
    """Return the parameters of a call as they are on the wire."""
    return json.dumps(parameters, sort_keys=True)


@pytest.mark.parametrize("name", ["fifo", "unreadable"])
def test_a_dead_letter_becomes_the_failure_that_it_was(name):
    """Also an unreadable one; reason, attempts and group come from its attributes."""
    failure = build_failure(received(QUEUED["dead_letters"][name]), queue="booking", message=message_of(name), now=NOON)
    assert (failure.reason, failure.error) == ("calendar_access_revoked", "PermanentError: [email]")
    assert (failure.attempts, failure.group) == (2, "kept-visitor")
    assert failure.last_at == datetime(2026, 1, 12, 12, tzinfo=UTC)
    assert failure.trace == "1-5759e988-bd862e3fe1be46a994272793"
    known = (failure.type, failure.tenant, failure.replays)
    assert known == (("booking.create", "studio-lumen", 0) if name == "fifo" else (None, None, 0))
    kept_ids = {"fifo": "35koalimf2qh7g13in9cpcbub27ckign", "unreadable": "a2k983gah42529f5hur7lo9jf3hr0htj"}
    assert failure.failure_id == kept_ids[name]


def message_of(name):
    try:
        return DECODERS["booking.fifo"].decode(QUEUED["dead_letters"][name]["MessageBody"])
    except UndecodableError:
        return None


def received(parameters):
    """Return the delivery that a receive of the message gives."""
    message = {
        "MessageId": "copy-1",
        "ReceiptHandle": "receipt",
        "Body": parameters["MessageBody"],
        "MessageAttributes": parameters["MessageAttributes"],
        "Attributes": {
            "MessageGroupId": "kept-visitor",
            "ApproximateReceiveCount": "2",
            "SentTimestamp": str(round(NOON.timestamp() * 1000)),
            "AWSTraceHeader": parameters["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"],
        },
    }
    [delivery] = parse_deliveries({"Messages": [message]})
    assert delivery.receive_count == 2
    return delivery


@pytest.mark.parametrize("queue", ["booking", "notifications"])
async def test_a_replay_is_queued_as_before_and_read(queue):
    """With a claim key of its own, and the id of the original."""
    kept = QUEUED["replays"][queue]
    original = json.loads(kept["MessageBody"]) | {"replay": 0}
    current = await sending.replay(queue, json.dumps(original))
    assert list(missing(compared(kept), compared(current))) == []
    read = decoded(kept)
    assert (read.replay, read.claim_key) == (2, f"{read.id}#r2")


def test_what_a_mail_provider_reports_is_read():
    """With the claim key that prevents duplicates."""
    decoder = Decoder(build_feedback_report_adapter(QUEUED["feedback"]["topic"]))
    bounce, complaint = map(decoder.decode, QUEUED["feedback"]["bodies"])
    assert (bounce.data.kind, bounce.data.detail) == ("bounce", "Permanent/General")
    assert bounce.data.address == complaint.data.address == "jan@example.com"
    assert (complaint.data.kind, complaint.data.detail) == ("complaint", "abuse")
    assert bounce.claim_key == "feedback#3f0c1a52-7d3e-4f57-9f60-0a4b5b2d8c11"
