"""From a delivery to a disposition, when all goes well or somebody else was first."""

import asyncio
from datetime import timedelta

import pytest
import structlog
from pydantic import TypeAdapter

from shared.claims import Busy, Claim
from shared.consumer.decode import Decoder
from shared.consumer.disposition import Ack, DeadLetter, RetryIn
from shared.errors import ConversationEndedError, PermanentError, TransientError
from shared.messages.client import ChatSendData
from shared.messages.commands import ChatSend
from tests.fakes.log_lines import add_fields


async def test_work_that_returns_is_acknowledged(bench):
    """A handler that returns has carried the command out: it is acknowledged, and nothing else is called."""
    delivery = await bench.deliver()
    assert await bench.processor.process(delivery) == Ack()
    assert bench.handler.handled == ["k1"]
    assert bench.handler.repeated == bench.handler.given_up == bench.queue.dead_letters == []


async def test_the_processor_does_not_settle(bench):
    """Whatever the disposition, the message itself is left to the one who asked."""
    delivery = await bench.deliver()
    await bench.processor.process(delivery)
    assert bench.queue.in_flight() == [delivery.body]


async def test_the_outcome_of_a_finished_command_is_posted_again(bench):
    """A second delivery of an ended command repeats its outcome and does not run the handler."""
    await bench.processor.process(await bench.deliver())
    bench.claims.records["k1"].markers["outcome"] = 7
    assert await bench.processor.process(await bench.deliver(group="other")) == Ack()
    assert bench.handler.repeated == [("k1", 7)]
    assert bench.handler.handled == ["k1"]


async def test_a_repeat_that_fails_is_tried_again(bench):
    """If the outcome can't be said now, the message stays."""
    await bench.processor.process(await bench.deliver())
    bench.handler.repeat_errors = [TransientError("websocket")]
    delivery = await bench.deliver(group="other")
    assert isinstance(await bench.processor.process(delivery), RetryIn)
    assert await bench.processor.process(delivery) == Ack()
    assert bench.handler.repeated == [("k1", None)]


async def test_work_in_other_hands_waits(bench):
    """A command that another worker has is looked at again when its lease ends, at the latest."""
    await bench.processor.process(await bench.deliver())  # learn the fingerprint
    record = bench.claims.records["k1"]
    record.done, record.owner, record.lease_until = False, "other", bench.clock.now() + timedelta(seconds=12)
    disposition = await bench.processor.process(await bench.deliver(group="other"))
    assert disposition == RetryIn(timedelta(seconds=12), reason="in_progress_elsewhere")
    record.lease_until = bench.clock.now()
    disposition = await bench.processor.process(await bench.deliver(group="third"))
    assert disposition.delay == timedelta(seconds=1)
    assert bench.handler.handled == ["k1"]


async def test_a_reused_id_is_refused(bench, body):
    """The same key with other content is answered and acknowledged, and the handler does not run again."""
    await bench.processor.process(await bench.deliver())
    assert await bench.processor.process(await bench.deliver(body(text="other"), group="s2")) == Ack()
    assert bench.handler.mismatched == ["k1"]
    assert bench.handler.handled == ["k1"]


async def test_a_resend_over_another_connection_is_the_same_command(bench, body):
    """Only type and data make the payload: connection and time of acceptance may differ."""
    await bench.processor.process(await bench.deliver())
    again = body(connection_id="other=", accepted_at="2026-01-12T12:00:09Z", locale="en")
    assert await bench.processor.process(await bench.deliver(again, group="s2")) == Ack()
    assert bench.handler.mismatched == []


async def test_an_unreadable_message_is_dead_lettered_at_once(bench):
    """On its first receipt an unreadable message goes, with the reason; nothing is claimed, no handler runs."""
    delivery = await bench.deliver('{"version": 1}')
    assert isinstance(await bench.processor.process(delivery), DeadLetter)
    (copy,) = bench.queue.dead_letters
    assert (copy.reason, copy.attempts, copy.deduplication_id) == ("invalid", 0, f"{delivery.message_id}#1")
    assert bench.claims.records == {}
    assert bench.handler.handled == []


async def test_a_replay_is_another_attempt_at_the_same_effects(bench, body):
    """A replayed command has a record of its own and keeps the key that its effects derive from."""
    await bench.processor.process(await bench.deliver())
    assert await bench.processor.process(await bench.deliver(body(replay=1), group="s2")) == Ack()
    assert bench.handler.handled == ["k1", "k1"]
    assert set(bench.claims.records) == {"k1", "k1#r1"}


async def test_two_deliveries_at_once_run_one_handler(bench):
    """When the queue delivers twice side by side, one worker carries the command out and the other waits."""
    bench.handler.delay_seconds = 0.01
    first, second = await bench.deliver(), await bench.deliver(group="other")
    dispositions = await asyncio.gather(bench.processor.process(first), bench.processor.process(second))
    assert sorted(type(one).__name__ for one in dispositions) == ["Ack", "RetryIn"]
    assert bench.handler.handled == ["k1"]


async def test_each_delivery_has_one_line_in_the_log(bench, body):
    """`delivery_finished` says what became of the message, and no line says what was in it."""
    bench.handler.errors = [PermanentError("calendar_unknown")]
    with structlog.testing.capture_logs(processors=[add_fields]) as logs:
        await bench.processor.process(await bench.deliver(body(text="moje tajne słowa")))
    (line,) = [entry for entry in logs if entry["event"] == "delivery_finished"]
    assert line["disposition"] == "DeadLetter"
    assert (line["command_id"], line["tenant"], line["attempt"]) == ("k1", "salon", 1)
    assert "tajne" not in str(logs)
    with structlog.testing.capture_logs(processors=[add_fields]) as later:
        structlog.get_logger().info("later")
    assert "command_id" not in later[0]


async def test_the_claim_lasts_one_lease(bench):
    """While the handler runs, others hear that the command is busy until the lease ends."""
    bench.handler.delay_seconds = 5
    task = asyncio.create_task(bench.processor.process(await bench.deliver()))
    await bench.handler.started.wait()
    record = bench.claims.records["k1"]
    answer = await bench.claims.claim("k1", fingerprint=record.fingerprint, lease=bench.lease)
    assert answer == Busy(bench.clock.now() + bench.lease)
    assert not isinstance(answer, Claim)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_field_that_a_newer_version_adds_does_not_make_it_another_command(bench, body):
    """A command that old code claimed and new code finishes is the same, as long as nobody used the new field."""

    class Newer(ChatSendData):
        mood: str | None = None

    class NewerCommand(ChatSend):
        data: Newer

    bench.handler.errors = [TransientError("throttled")]
    delivery = await bench.deliver()
    assert isinstance(await bench.processor.process(delivery), RetryIn)
    bench.processor._decoder = Decoder(TypeAdapter(NewerCommand))
    assert await bench.processor.process(delivery) == Ack()
    assert bench.handler.mismatched == []


async def test_a_command_of_an_ended_conversation_is_done(bench, body):
    """Nobody reads how it ends: it is neither retried nor dead-lettered, and a replay counts as refused."""
    bench.handler.errors = [ConversationEndedError()]
    assert await bench.processor.process(await bench.deliver(body(replay=1))) == Ack()
    assert bench.claims.records["k1#r1"].done
    assert bench.queue.dead_letters == bench.handler.given_up == []
    assert await bench.processor.process(await bench.deliver(body(replay=1), group="s2")) == Ack()
    assert bench.handler.handled == ["k1"]


async def test_a_failure_of_an_ended_conversation_is_dead_lettered_without_a_frame(bench):
    """The failure is recorded like any other; only its visitor hears nothing."""
    bench.handler.errors = [PermanentError("calendar_access_revoked")]
    bench.handler.give_up_errors = [ConversationEndedError()]
    assert isinstance(await bench.processor.process(await bench.deliver()), DeadLetter)
    assert len(bench.queue.dead_letters) == 1
    assert bench.claims.records["k1"].done
