"""A code that could not be sent: its visitor hears so once, in the open chat, with what to use instead."""

from datetime import timedelta

import pytest

from shared.claims import Claim
from shared.consumer.disposition import Ack, RetryIn
from shared.errors import TransientError
from shared.ids import new_id
from shared.languages.available import SHARED
from shared.messages.server import BookingConfirmed, BookingConfirmedData, BookingPending, BookingPendingData, ChatSent
from tests.fakes.clock import NOON
from tests.unit.workers.failures.conftest import FailuresWorker, copy_attributes
from tests.unit.workers.notifications.conftest import build_notice

APPOINTMENT = build_notice("code").data.appointment_id
TIMES = {"appointment_id": APPOINTMENT, "start": NOON, "end": NOON + timedelta(hours=1), "service": "cut"}
PHONE = {"contact": "+48600700800", "contact_kind": "phone"}


def unsent(*, replay=0, kind="code", **fields):
    changes = {"session_id": "s1", "locale": "de", "replay": replay}
    if kind == "code":
        changes |= {"expires_at": NOON + timedelta(minutes=15)}
    return build_notice(kind, **changes | fields)


def pending(appointment_id=APPOINTMENT, **fields):
    data = {**TIMES, "appointment_id": appointment_id, "expires_at": NOON + timedelta(minutes=15), "contact": "a***"}
    data |= fields
    return BookingPending(re="b-1", data=BookingPendingData(**data))


def confirmed():
    return BookingConfirmed(re="v-1", data=BookingConfirmedData(**TIMES, ics=""))


@pytest.fixture
async def worker():
    """Return the worker of the notices' dead-letter queue, with a visitor whose hold was reported."""
    worker = FailuresWorker(queue="notifications")
    await store(worker, pending())
    return worker


async def store(worker, *frames):
    for frame in frames:
        key = f"command-{len(worker.claims.records)}"
        claim = await worker.claims.claim(key, fingerprint="f", lease=timedelta(seconds=30))
        await worker.conversations.append("s1", frame, claim=claim, marker="outcome")


async def process(worker, notice=None, reason="mail_not_taken"):
    """Process a notice that its worker has given up, and whose claim has ended."""
    notice = notice or unsent()
    claim = await worker.claims.claim(notice.claim_key, fingerprint="f", lease=timedelta(seconds=30))
    if isinstance(claim, Claim):
        await worker.claims.complete(claim)
    body = notice.model_dump_json()
    delivery = await worker.receive_new(body, attributes=copy_attributes(reason=reason), group=new_id())
    return await worker.processor.process(delivery)


async def last_frame(worker):
    return worker.conversations.list_frames("s1")[-1]


@pytest.mark.parametrize(
    ("reason", "fields", "code", "text"),
    [
        ("mail_not_taken", {}, "INTERNAL", "code_unsent"),
        ("line_too_long", {"other_contact_kinds": ["phone"]}, "INTERNAL", "code_unsent_email"),
        ("mail_rejected", {"other_contact_kinds": ["phone"]}, "INVALID_CONTACT", "code_unsent_email"),
        ("address_suppressed", {}, "INVALID_CONTACT", "code_unsent"),
        ("sms_rejected", {"data": PHONE, "other_contact_kinds": ["email"]}, "INVALID_CONTACT", "code_unsent_phone"),
        ("sms_not_taken", {"data": PHONE}, "INTERNAL", "code_unsent"),
        ("receives_exhausted", {}, "INTERNAL", "code_unsent"),
    ],
)
async def test_the_visitor_hears_that_the_code_could_not_be_sent(worker, reason, fields, code, text):
    """One durable error about the hold, in every tab, however often the dead letter comes; it is recorded, too."""
    notice = unsent(**fields)
    for _ in range(2):
        assert await process(worker, notice, reason) == Ack()

    frame = await last_frame(worker)
    assert (frame.type, frame.re, frame.seq) == ("error", None, 2)
    assert (frame.data.code, frame.data.appointment_id) == (code, APPOINTMENT)
    assert frame.data.message == SHARED.get_texts("de")(f"refusal_about_{text}")
    assert frame.data.other_contact_kinds == (notice.other_contact_kinds or None)
    assert worker.poster.types("tab=") == ["error"]
    assert [failure.reason for failure in worker.failures.rows.values()] == [reason]


@pytest.mark.parametrize("kind", ["confirmed", "cancelled", "rescheduled", "reminder", "choose_again"])
async def test_nobody_hears_of_another_notice(worker, kind):
    """Nobody waits for it in the chat."""
    assert await process(worker, unsent(kind=kind)) == Ack()
    assert len(worker.conversations.list_frames("s1")) == 1


@pytest.mark.parametrize("how", ["expired", "confirmed"])
async def test_a_visitor_who_waits_for_no_code_hears_nothing(worker, how):
    """A later code has confirmed the visit, or the hold is over."""
    if how == "expired":
        worker.clock.advance(timedelta(minutes=15))
    else:
        await store(worker, confirmed())
    before = len(worker.conversations.list_frames("s1"))
    assert await process(worker) == Ack()
    assert len(worker.conversations.list_frames("s1")) == before
    assert len(worker.failures.rows) == 1


async def test_the_error_comes_after_the_frame_of_its_hold():
    """Booking stores that frame after it has queued the code."""
    worker = FailuresWorker(queue="notifications")
    await store(worker, pending("another"))
    assert isinstance(await process(worker), RetryIn)
    assert len(worker.conversations.list_frames("s1")) == 1
    await store(worker, pending(), ChatSent(re="c-1", data={"text": "Where is it?"}))
    assert await process(worker) == Ack()
    assert [frame.type for frame in worker.conversations.list_frames("s1")][1:] == [
        "booking.pending",
        "chat.sent",
        "error",
    ]


async def test_an_erased_conversation_is_not_waited_for():
    """Its visitor has ended it."""
    worker = FailuresWorker(queue="notifications")
    worker.clock.advance(timedelta(minutes=1))
    assert await process(worker) == Ack()
    assert worker.conversations.list_frames("s1") == []


async def test_an_interrupted_report_is_completed(worker):
    """The dead letter stays on its queue until the visitor has the frame, and there is only one."""
    worker.conversations.errors.append(TransientError("throttled"))
    assert isinstance(await process(worker), RetryIn)
    assert await process(worker) == Ack()
    assert [frame.type for frame in worker.conversations.list_frames("s1")] == ["booking.pending", "error"]


async def test_each_replay_that_fails_is_reported(worker):
    """The visitor may still wait, and a second code of the hold is a notice of its own."""
    for notice in (unsent(), unsent(replay=1), unsent(id="notice-code-2", send_number=2)):
        await process(worker, notice)
    assert [frame.type for frame in worker.conversations.list_frames("s1")] == ["booking.pending", *["error"] * 3]


async def test_a_code_that_a_later_one_replaced_is_not_reported(worker):
    """The visitor asked for another code meanwhile: that one is valid, and has a report of its own if it fails."""
    await store(worker, pending(send_number=1), pending(send_number=2))
    assert await process(worker, unsent(send_number=1)) == Ack()
    assert (await last_frame(worker)).type == "booking.pending"
    assert len(worker.failures.rows) == 1
    assert await process(worker, unsent(id="notice-code-2", send_number=2)) == Ack()
    assert (await last_frame(worker)).type == "error"
