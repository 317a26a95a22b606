"""What is put on queues: commands by the ingress, notices by booking."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from api_gateway_ws.adapters.command_publisher import SqsCommandPublisher
from shared.aws.sqs import SqsNoticeQueue
from shared.errors import PermanentError
from shared.ids import derive_command_key, new_id
from shared.messages.client import BookingCancelData, BookingCreateData, ChatSendData, HandoverRequestData
from shared.messages.commands import COMMAND, BookingCancel, BookingCreate, ChatSend, HandoverRequest
from shared.messages.notices import NOTICE, AppointmentConfirmed, AppointmentFacts, SendCode
from shared.trace import Trace, use_trace
from tests.contracts.stores.template import create_queue
from tests.fakes.ingress import FakeCommandPublisher
from tests.fakes.notices import FakeNotices

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
TRACE = Trace("1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8", sampled=True)


def envelope(session_id, client_id, kind, data):
    return kind(
        id=derive_command_key("salon", session_id, client_id),
        tenant="salon",
        session_id=session_id,
        client_id=client_id,
        connection_id="tab=",
        accepted_at=NOON,
        locale="pl",
        data=data,
    )


def chat(session_id="s1", client_id="c1", text="Cześć", **changes):
    return envelope(session_id, client_id, ChatSend, ChatSendData(text=text)).model_copy(update=changes)


def drain(client, url):
    """Take everything off a queue, in order."""
    found = []
    while messages := client.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["MessageGroupId", "AWSTraceHeader"]
    ).get("Messages"):
        for message in messages:
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        found += messages
    return found


class OnSqs:
    """The command queue on a pair of SQS queues made for one test."""

    def __init__(self, emulator):
        self._client = emulator.client("sqs")
        self._urls = [create_queue(self._client, queue, name=new_id()) for queue in ("ChatQueue", "BookingQueue")]
        self.queue = SqsCommandPublisher(client=self._client, chat_url=self._urls[0], booking_url=self._urls[1])

    def delivered(self):
        return [COMMAND.validate_json(message["Body"]) for url in self._urls for message in drain(self._client, url)]

    def traces(self):
        return [
            message.get("Attributes", {}).get("AWSTraceHeader")
            for url in self._urls
            for message in drain(self._client, url)
        ]

    def on_each(self):
        return [[message["Body"] for message in drain(self._client, url)] for url in self._urls]


class InMemory:
    def __init__(self):
        self.queue = FakeCommandPublisher()

    def delivered(self):
        return self.queue.commands


@pytest.fixture(params=["memory", "sqs"])
def commands(request):
    return InMemory() if request.param == "memory" else OnSqs(request.getfixturevalue("emulator"))


def test_a_command_arrives_as_it_was_put(commands):
    """The worker reads the very envelope that the ingress wrote."""
    command = chat(trace=TRACE.header, tz="Europe/Warsaw", source_ip="192.0.2.1")
    commands.queue.publish(command)
    assert commands.delivered() == [command]


def test_a_command_sent_twice_is_delivered_once(commands):
    """A client that missed its ack sends again, perhaps over another connection and later: one delivery."""
    commands.queue.publish(chat())
    commands.queue.publish(chat(connection_id="other=", accepted_at=NOON + timedelta(seconds=20)))
    assert [command.connection_id for command in commands.delivered()] == ["tab="]


def test_the_same_id_with_other_content_gets_through(commands):
    """A reused id is for the worker to refuse; the queue must not swallow it."""
    commands.queue.publish(chat(text="Cześć"))
    commands.queue.publish(chat(text="Dzień dobry"))
    assert [command.data.text for command in commands.delivered()] == ["Cześć", "Dzień dobry"]


def test_a_command_with_a_proof_gets_through_once(commands):
    """It comes seconds after the same command without one, which the queue would not deliver again."""
    data = BookingCreateData(start="2026-01-13T10:00", contact="jan@example.com", service="massage")
    plain = envelope("s1", "c1", BookingCreate, data)
    for proof in (None, "Zmlyc3Q=", "Zmlyc3Q=", "c2Vjb25k"):
        commands.queue.publish(plain.model_copy(update={"proof": proof}))
    assert [command.proof for command in commands.delivered()] == [None, "Zmlyc3Q=", "c2Vjb25k"]


def test_the_same_client_id_of_two_sessions_are_two_commands(commands):
    """Clients choose their ids; what one session uses takes nothing from another."""
    commands.queue.publish(chat("s1"))
    commands.queue.publish(chat("s2"))
    assert sorted(command.session_id for command in commands.delivered()) == ["s1", "s2"]


def test_booking_never_waits_behind_chat(emulator):
    """Words for the assistant go to one queue, everything about appointments to the other."""
    commands = OnSqs(emulator)
    cancel = envelope("s1", "c2", BookingCancel, BookingCancelData(appointment_id="0123456789"))
    commands.queue.publish(chat())
    commands.queue.publish(envelope("s1", "c3", HandoverRequest, HandoverRequestData()))
    commands.queue.publish(cancel)
    on_chat, on_booking = commands.on_each()
    assert [json.loads(body)["type"] for body in on_chat] == ["chat.send", "handover.request"]
    assert [COMMAND.validate_json(body) for body in on_booking] == [cancel]


def test_a_command_names_its_trace_to_sqs(emulator):
    """The worker, on Lambda X-Ray too, knows it before the body is read."""
    commands = OnSqs(emulator)
    commands.queue.publish(chat(trace=TRACE.header))
    assert commands.traces() == [TRACE.header]


@pytest.mark.parametrize("trace", [None, "", "Zx3kRGgPliAFdqA=", "Root=1-5;\n"])
def test_a_command_without_a_trace_is_sent_without(emulator, trace):
    """SQS refuses a malformed header; that must not cost the visitor the message."""
    commands = OnSqs(emulator)
    commands.queue.publish(chat(trace=trace))
    assert commands.traces() == [None]


def test_a_missing_queue_is_reported_as_such(emulator):
    """A missing queue is no transient error."""
    client = emulator.client("sqs")
    queue = SqsCommandPublisher(
        client=client, chat_url=f"{emulator.endpoint_url}/000000000000/none.fifo", booking_url=""
    )
    with pytest.raises(PermanentError, match=r"sqs\.send"):
        queue.publish(chat())


def notice(number=1):
    facts = AppointmentFacts(
        appointment_id="0123456789",
        contact="jan@example.com",
        service="massage",
        service_name="Masaż",
        start=NOON,
        end=NOON + timedelta(hours=1),
    )
    return SendCode(
        id=f"notice-{number}",
        tenant="salon",
        session_id="s1",
        locale="pl",
        accepted_at=NOON,
        data=facts,
        send_number=1,
        expires_at=NOON + timedelta(minutes=15),
    )


@pytest.fixture(params=["memory", "sqs"])
def notices(request):
    """Return a queue of notices, and how to see what is on it."""
    if request.param == "memory":
        fake = FakeNotices()
        return fake, lambda: fake.delivered
    emulator, calls = request.getfixturevalue("emulator"), request.getfixturevalue("sqs")
    client = emulator.client("sqs")
    url = create_queue(client, "NotificationsQueue", name=new_id())
    return (
        SqsNoticeQueue(calls=calls, url=url),
        lambda: [NOTICE.validate_json(message["Body"]) for message in drain(client, url)],
    )


async def test_a_notice_arrives_as_it_was_put(notices):
    """What booking says is what the notifications worker reads."""
    queue, delivered = notices
    await queue.put(notice(1))
    await queue.put(notice(2))
    assert sorted((await asyncio.to_thread(delivered)), key=lambda one: one.id) == [notice(1), notice(2)]


async def test_a_notice_put_twice_is_harmless(notices):
    """The same notice again is accepted; whatever is delivered is that one notice."""
    queue, delivered = notices
    await queue.put(notice())
    await queue.put(notice())
    found = await asyncio.to_thread(delivered)
    assert {received.id for received in found} == {"notice-1"}
    assert all(received == notice() for received in found)


async def test_a_notice_goes_on_with_the_trace_of_its_command(emulator, sqs):
    """The notification worker continues the same trace; without a trace there is no header."""
    client = emulator.client("sqs")
    url = create_queue(client, "NotificationsQueue", name=new_id())
    queue = SqsNoticeQueue(calls=sqs, url=url)
    with use_trace(TRACE):
        await queue.put(notice(1))
    await queue.put(notice(2))

    messages = await asyncio.to_thread(drain, client, url)
    carried = {
        NOTICE.validate_json(one["Body"]).id: one.get("Attributes", {}).get("AWSTraceHeader") for one in messages
    }
    trace = Trace.parse(carried["notice-1"])
    assert trace is not None
    assert (trace.root, trace.sampled, trace.parent != TRACE.parent) == (TRACE.root, True, True)
    assert carried["notice-2"] is None


@pytest.mark.parametrize("has_queue", [True, False])
async def test_codes_have_a_queue_of_their_own(emulator, sqs, has_queue):
    """Only they are on it; where there is none, as in an environment of the release before, nothing is lost."""
    client = emulator.client("sqs")
    url = create_queue(client, "NotificationsQueue", name=new_id())
    codes_url = create_queue(client, "CodesQueue", name=new_id()) if has_queue else ""
    queue = SqsNoticeQueue(calls=sqs, url=url, codes_url=codes_url)
    code = notice(1)
    shared_fields = code.model_dump(exclude={"type", "send_number", "expires_at", "other_contact_kinds"}) | {
        "id": "other"
    }
    await queue.put(code)
    await queue.put(AppointmentConfirmed(**shared_fields, ics=""))

    def read_types(queue_url):
        return [NOTICE.validate_json(message["Body"]).type for message in drain(client, queue_url)]

    found = await asyncio.to_thread(read_types, url)
    if has_queue:
        assert (found, await asyncio.to_thread(read_types, codes_url)) == (["notice.confirmed"], ["notice.code"])
    else:
        assert sorted(found) == ["notice.code", "notice.confirmed"]
