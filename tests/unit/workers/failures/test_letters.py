"""A letter's way into the ledger: entered first, told second, deleted last, and never given up."""

import asyncio
from datetime import timedelta

import pytest

from shared.consumer.disposition import Abandon, Ack, RetryIn
from shared.consumer.handler import fingerprint_of
from shared.errors import PermanentError, TransientError
from shared.ledger.failures import FailureState
from tests.unit.workers.failures.conftest import DECODERS, LEASE, body_of, copied

TOLD = [("error", "c1", "INTERNAL")]


async def claim_of(ledger, body=None, fingerprint=None, lease=LEASE):
    work = DECODERS["booking"].decode(body or body_of())
    return await ledger.claims.claim(work.claim_key, fingerprint=fingerprint or fingerprint_of(work), lease=lease)


async def test_a_copy_with_a_reason_is_entered_and_nobody_is_told_again(logs, ledger):
    """The worker that made the copy tells the visitor."""
    assert await ledger.processor.process(await ledger.letter(attributes=copied())) == Ack()
    [failure] = ledger.failures.rows.values()
    assert (failure.state, failure.reason) == (FailureState.FAILED, "calendar_access_revoked")
    assert ledger.errors() == []
    finished = next(line for line in logs if line["event"] == "delivery_finished")
    assert finished["disposition"] == "Ack"
    assert "anna@example.com" not in str(logs)


async def test_what_the_queue_gave_up_is_entered_and_told(ledger):
    """The visitor hears one durable error, however often the letter comes."""
    letter = await ledger.letter()
    for _ in range(2):
        assert await ledger.processor.process(letter) == Ack()
    assert ledger.errors() == TOLD
    assert len(ledger.failures.rows) == 1
    assert ledger.claims.records["k1"].done
    assert ledger.poster.types("tab=") == ["error"]


@pytest.mark.parametrize("kind", ["booking.slots", "booking.lookup", "calendar.tick"])
async def test_nobody_waits_for_the_answer_to_a_question(ledger, kind):
    """It is entered, and its record is left alone."""
    assert await ledger.processor.process(await ledger.letter(body_of(kind))) == Ack()
    assert len(ledger.failures.rows) == 1
    assert ledger.errors() == []
    assert ledger.claims.records == {}


async def test_a_command_that_ended_is_not_told_once_more(ledger):
    """The visitor has heard how it ended, from whoever ended it."""
    await ledger.claims.complete(await claim_of(ledger))
    assert await ledger.processor.process(await ledger.letter()) == Ack()
    assert ledger.errors() == []
    assert len(ledger.failures.rows) == 1


async def test_a_worker_that_still_has_the_command_is_waited_for(ledger):
    """It may end well: the letter is in the ledger by now, and comes again when the lease is over."""
    claim = await claim_of(ledger)
    letter = await ledger.letter()
    assert await ledger.processor.process(letter) == RetryIn(LEASE, reason="TransientError")
    assert (ledger.errors(), len(ledger.failures.rows)) == ([], 1)
    await ledger.claims.complete(claim)
    assert await ledger.processor.process(letter) == Ack()
    assert ledger.errors() == []


async def test_a_worker_with_a_long_lease_is_asked_after_ours(ledger):
    """It may be through sooner: nobody waits for the answer an hour longer than for a dead one."""
    await claim_of(ledger, lease=LEASE * 20)
    assert await ledger.processor.process(await ledger.letter()) == RetryIn(LEASE, reason="TransientError")


async def test_another_command_of_the_same_id_is_not_told(ledger):
    """Its refusal was heard when it was sent; the first one's end is the first one's."""
    await claim_of(ledger, fingerprint="another payload")
    assert await ledger.processor.process(await ledger.letter()) == Ack()
    assert ledger.errors() == []


async def test_a_replay_that_the_queue_gave_up_is_told_as_well(ledger):
    """It is an end of its own: the visitor hears one more frame for the same command."""
    assert await ledger.processor.process(await ledger.letter()) == Ack()
    assert await ledger.processor.process(await ledger.letter(body_of(replay=1), group="s2")) == Ack()
    assert ledger.errors() == TOLD * 2
    [failure] = ledger.failures.rows.values()
    assert (failure.state, failure.replays) == (FailureState.FAILED_AGAIN, 1)


@pytest.mark.parametrize("error", [TransientError("dynamodb"), PermanentError("aws_AccessDenied"), ValueError("bug")])
@pytest.mark.parametrize("receives", [1, 1_000])
async def test_while_the_ledger_is_broken_the_queue_keeps_the_letter(ledger, error, receives):
    """It comes back for as long as it takes, and nobody is told of what is not kept."""
    ledger.failures.trouble = error
    letter = await ledger.letter()
    letter.receive_count = receives
    disposition = await ledger.processor.process(letter)
    assert isinstance(disposition, RetryIn)
    assert disposition.delay <= timedelta(minutes=2)
    await ledger.settler.settle(letter, disposition)
    assert ledger.queue.bodies() == [letter.body]
    assert ledger.errors() == []
    ledger.failures.trouble = None
    assert await ledger.processor.process(letter) == Ack()
    assert ledger.errors() == TOLD


async def test_a_conversation_that_is_out_of_reach_is_told_later(ledger):
    """The command is given back at once, so that the next try need not wait for the lease."""
    ledger.conversations.trouble = [TransientError("dynamodb")]
    letter = await ledger.letter()
    assert isinstance(await ledger.processor.process(letter), RetryIn)
    assert ledger.claims.records["k1"].owner is None
    assert ledger.claims.records["k1"].attempts == 0
    assert await ledger.processor.process(letter) == Ack()
    assert ledger.errors() == TOLD


async def test_a_stop_gives_the_command_back(ledger):
    """The worker that is stopped in the middle leaves nothing that the next one has to wait for."""
    reached = asyncio.Event()

    async def hang(_session_id):
        reached.set()
        await asyncio.Event().wait()

    ledger.connections.of = hang
    working = asyncio.create_task(ledger.processor.process(await ledger.letter()))
    await reached.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert ledger.claims.records["k1"].owner is None


async def test_a_letter_that_is_somebody_elses_by_now_is_left_alone(ledger):
    """It waited for its turn for longer than it could be kept."""
    letter = await ledger.letter()
    ledger.leases.track(letter)
    ledger.clock.turn(LEASE * 2)
    await ledger.leases.heartbeat.beat(ledger.queue, ledger.claims)
    assert await ledger.processor.process(letter) == Abandon()
    assert ledger.failures.rows == {}


UNREAD = ["not_json", "newer_version", "older_version", "unknown_type", "invalid"]


@pytest.mark.parametrize("reason", UNREAD)
async def test_what_no_worker_could_read_is_told_once(ledger, reason):
    """No handler ran, so nobody has told the visitor; a release that reads it is here by now."""
    letter = await ledger.letter(attributes=copied(reason=reason))
    for _ in range(2):
        assert await ledger.processor.process(letter) == Ack()
    assert ledger.errors() == TOLD
    [failure] = ledger.failures.rows.values()
    assert failure.reason == reason
    assert ledger.claims.records["k1"].done


@pytest.mark.parametrize("version", [0, 9])
@pytest.mark.parametrize("kind", ["chat.send", "booking.create", "booking.verify"])
async def test_the_visitor_of_a_message_of_another_version_is_told_once(make_ledger, kind, version):
    """In the middle of a rollout: nobody here carries it out, but who waits can be seen, and so can its owner."""
    ledger = make_ledger(queue="chat" if kind == "chat.send" else "booking")
    reason = "newer_version" if version else "older_version"
    body = body_of(kind, version=version)
    for _ in range(2):
        assert await ledger.processor.process(await ledger.letter(body, attributes=copied(reason=reason))) == Ack()
        ledger.clock.turn(timedelta(minutes=10))
    assert ledger.errors() == TOLD
    [failure] = ledger.failures.rows.values()
    assert (failure.tenant, failure.session_id, failure.type, failure.payload) == ("salon", "s1", kind, body)


async def test_what_the_queue_gave_up_of_another_version_is_told_as_well(ledger):
    """Workers of that version had it, and none of them came to an end."""
    assert await ledger.processor.process(await ledger.letter(body_of(version=9))) == Ack()
    assert ledger.errors() == TOLD


async def test_a_message_of_another_version_that_a_worker_gave_up_is_not_told_again(ledger):
    """The newer release's worker read it, and has told the visitor."""
    assert await ledger.processor.process(await ledger.letter(body_of(version=9), attributes=copied())) == Ack()
    assert ledger.errors() == []


@pytest.mark.parametrize(
    "body",
    [
        body_of("booking.slots", version=9),
        body_of("calendar.tick", version=9),
        body_of(version=9, data={"when": "tomorrow"}),
        body_of(version=9, type="booking.of_tomorrow"),
        body_of(version=9, session_id="a b"),
    ],
    ids=["a question", "our own", "other data", "another type", "no session"],
)
async def test_of_another_version_only_what_this_one_reads_is_told(ledger, body):
    """It is entered all the same, and no record is made for it."""
    letter = await ledger.letter(body, attributes=copied(reason="newer_version"))
    assert await ledger.processor.process(letter) == Ack()
    assert len(ledger.failures.rows) == 1
    assert ledger.errors() == []
    assert ledger.claims.records == {}


async def test_a_letter_that_can_just_be_parsed_is_taken(ledger):
    """Whatever its depth: what can be read can be written as one of this version."""
    for depth in range(800, 1001):
        body = f'{{"version": 9, "id": "k{depth}", "data": {"[" * depth}{"]" * depth}}}'
        assert await ledger.processor.process(await ledger.letter(body, group=f"s{depth}")) == Ack()


async def test_a_message_of_another_version_that_a_newer_worker_carries_out_is_waited_for(ledger):
    """The copy was made, the message came again to the newer release: what that says is the end."""
    claim = await claim_of(ledger)
    letter = await ledger.letter(body_of(version=9), attributes=copied(reason="newer_version"))
    assert await ledger.processor.process(letter) == RetryIn(LEASE, reason="TransientError")
    await ledger.claims.complete(claim)
    assert await ledger.processor.process(letter) == Ack()
    assert ledger.errors() == []


HOSTILE = [
    "no json",
    "null",
    "[" * 100_000,
    '{"version":9}',
    "{}",
    "\x00\x1b[31m \u202e \ud800",
    "x" * 1_000_000,
    body_of(tenant="salon\n"),
    body_of(session_id="s" * 101),
    body_of(key=""),
    body_of("booking.create", replay=-1),
]


@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: body[:12])
@pytest.mark.parametrize("queue", ["chat", "booking", "notifications"])
async def test_whatever_a_letter_says_it_is_kept_as_it_is(make_ledger, queue, body, logs):
    """Nothing of it that can't be true is believed, what it says is in no log, and nobody is told."""
    ledger = make_ledger(queue=queue)
    attributes = copied(reason="not_json", error="the body is not a JSON object")
    assert await ledger.processor.process(await ledger.letter(body, attributes=attributes)) == Ack()
    [failure] = ledger.failures.rows.values()
    assert (failure.payload, failure.reason, failure.queue) == (body, "not_json", queue)
    assert failure.tenant in {None, "salon"}
    assert ledger.errors() == []
    assert ledger.claims.records == {}
    assert body[:30] == "{}" or body[:30] not in str(logs)
