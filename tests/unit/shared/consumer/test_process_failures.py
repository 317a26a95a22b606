"""From a delivery to a disposition, when an attempt fails."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from shared.consumer.disposition import Abandon, Ack, DeadLetter, RetryIn
from shared.errors import LeaseLostError, NotYetError, PermanentError, TransientError, TryAgainError
from tests.fakes.claims import FakeClaims
from tests.fakes.turned_loop import run_turned


async def test_a_transient_error_releases_the_command(bench):
    """After a `TransientError` the command is free at once and the message comes again, not before it was asked for."""
    wait = timedelta(seconds=40)
    bench.handler.errors = [TransientError("throttled", retry_after=wait)]
    disposition = await bench.processor.process(await bench.deliver())
    assert disposition == RetryIn(wait, reason="TransientError")
    assert bench.claims.records["k1"].owner is None
    assert bench.queue.dead_letters == bench.handler.given_up == []


async def test_what_is_too_early_comes_back_and_costs_no_attempt(bench):
    """However often: nothing has failed."""
    wait = timedelta(minutes=5)
    for _ in range(5):
        bench.handler.errors = [NotYetError("quiet hours", wait=wait)]
        [delivery] = [await bench.deliver()] if not bench.claims.records else await bench.take()
        disposition = await bench.processor.process(delivery)
        assert disposition == RetryIn(wait, reason="not_yet", is_unspent=True)
        bench.clock.advance(bench.lease)
    record = bench.claims.records["k1"]
    assert (record.attempts, record.unfinished, record.owner) == (0, 0, None)


async def test_a_permanent_failure_is_copied_and_notified_and_ends(bench):
    """The copy comes first and says why; then the visitor is notified; then the message is deleted."""
    order = []
    give_up, dead_letter = bench.handler.give_up, bench.queue.put_dead_letter

    async def notify(message, claim, reason):
        order.append("notified")
        await give_up(message, claim, reason)

    async def copied(copy):
        order.append("copied")
        await dead_letter(copy)

    bench.handler.give_up, bench.queue.put_dead_letter = notify, copied
    bench.handler.errors = [PermanentError("calendar_unknown", "no such calendar")]
    disposition = await bench.processor.process(await bench.deliver())
    assert disposition == DeadLetter("calendar_unknown", "no such calendar", attempts=1)
    assert order == ["copied", "notified"]
    (copy,) = bench.queue.dead_letters
    assert (copy.reason, copy.error, copy.attempts) == ("calendar_unknown", "no such calendar", 1)
    assert copy.deduplication_id == "k1#1"
    assert bench.handler.given_up == [("k1", "calendar_unknown")]


async def test_a_crash_between_copy_and_word_repeats_both(bench):
    """If telling the visitor fails, the next delivery copies again under another id, tells, and ends."""
    bench.handler.errors = [PermanentError("calendar_unknown"), PermanentError("calendar_unknown")]
    bench.handler.give_up_errors = [TransientError("dynamodb")]
    assert isinstance(await bench.processor.process(await bench.deliver()), RetryIn)
    bench.clock.advance(bench.lease)
    (again,) = await bench.take()
    assert isinstance(await bench.processor.process(again), DeadLetter)
    assert [copy.deduplication_id for copy in bench.queue.dead_letters] == ["k1#1", "k1#2"]
    assert bench.handler.given_up == [("k1", "calendar_unknown")]


@pytest.mark.parametrize("error", [TransientError("sqs"), PermanentError("aws_AccessDenied"), ValueError("bug")])
async def test_without_a_copy_nothing_is_ended(bench, error):
    """While the dead-letter queue can't be reached, the visitor is not notified and the message stays."""

    async def fail(_copy):
        raise error

    bench.queue.put_dead_letter = fail
    bench.handler.errors = [PermanentError("calendar_unknown")]
    assert isinstance(await bench.processor.process(await bench.deliver()), RetryIn)
    assert isinstance(await bench.processor.process(await bench.deliver("no json", group="s2")), RetryIn)
    assert bench.handler.given_up == []
    assert bench.claims.records["k1"].owner is None


async def test_a_bug_is_retried_and_then_dead_lettered(bench):
    """An unexpected exception is tried as often as allowed; then the message goes with the exception's name.

    Its text stays behind: nobody knows what of the visitor's words it repeats.
    """
    bench.handler.errors = [KeyError("first"), KeyError("second"), KeyError("third")]
    delivery = await bench.deliver()
    for _ in range(2):
        assert isinstance(await bench.processor.process(delivery), RetryIn)
    assert await bench.processor.process(delivery) == DeadLetter("bug", "KeyError", attempts=3)
    assert bench.handler.given_up == [("k1", "bug")]


async def test_a_handler_that_takes_too_long_is_stopped(make_bench):
    """At its time-out a handler is cancelled and the attempt counts; the last one dies of "timeout"."""
    bench = make_bench(limit=timedelta(seconds=20), max_attempts=2)
    bench.handler.delay_seconds = 3600
    delivery = await bench.deliver()
    dispositions = []
    for _ in range(2):
        bench.handler.started.clear()
        processing = asyncio.create_task(bench.processor.process(delivery))
        await bench.handler.started.wait()
        bench.clock.advance(timedelta(seconds=21))
        await bench.beat()
        dispositions.append(await processing)
    assert isinstance(dispositions[0], RetryIn)
    assert isinstance(dispositions[1], DeadLetter)
    assert dispositions[1].reason == "timeout"
    assert bench.handler.cancelled == ["k1", "k1"]


async def test_cancellation_gives_the_command_back(bench):
    """When the pool stops, the command is free for the next worker before the task ends."""
    bench.handler.delay_seconds = 5
    task = asyncio.create_task(bench.processor.process(await bench.deliver()))
    await bench.handler.started.wait()
    assert bench.claims.records["k1"].owner
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert bench.claims.records["k1"].owner is None
    assert bench.queue.dead_letters == []


async def test_lost_work_is_left_alone(bench):
    """A handler that finds its command in other hands ends in `Abandon`: no copy, no word, and the other goes on."""
    bench.handler.errors = [LeaseLostError("k1")]
    bench.handler.delay_seconds = 0.01
    processing = asyncio.create_task(bench.processor.process(await bench.deliver()))
    await bench.handler.started.wait()
    bench.claims.records["k1"].owner = "another"
    assert await processing == Abandon()
    assert bench.queue.dead_letters == bench.handler.given_up == []
    assert bench.claims.records["k1"].owner == "another"


async def test_a_lease_lost_while_giving_up_is_left_alone(bench):
    """If the command is another's by the time the visitor should be notified, that worker notifies."""
    bench.handler.errors = [PermanentError("calendar_unknown")]
    bench.handler.give_up_errors = [LeaseLostError("k1")]
    assert await bench.processor.process(await bench.deliver()) == Abandon()


@pytest.mark.parametrize("error", [TransientError("dynamodb"), PermanentError("aws_AccessDenied"), ValueError("bug")])
async def test_a_claim_that_cannot_be_made_decides_nothing(bench, error):
    """Before the claim nothing is known, so even a permanent error only means: try again."""

    async def fail(*_arguments, **_named):
        raise error

    bench.claims.claim = fail
    delivery = await bench.deliver()
    for _ in range(5):
        assert isinstance(await bench.processor.process(delivery), RetryIn)
    assert bench.handler.handled == []
    assert bench.queue.dead_letters == []


@pytest.mark.parametrize("error", [TransientError("dynamodb"), PermanentError("aws_AccessDenied")])
async def test_a_release_that_fails_changes_nothing(bench, error):
    """The lease runs out by itself: a failing release neither hides the disposition nor gets out."""

    async def fail(_claim, **_more):
        raise error

    bench.claims.release = fail
    bench.handler.errors = [TransientError("throttled")]
    assert isinstance(await bench.processor.process(await bench.deliver()), RetryIn)


async def test_a_bug_of_the_core_itself_is_a_retry(bench):
    """Whatever breaks, the delivery is decided about, so that its group does not stay in flight."""

    async def broken(*_arguments, **_more):
        raise RuntimeError("no such thing")

    bench.handler.errors = [KeyError("first")]
    bench.claims.release = broken
    assert isinstance(await bench.processor.process(await bench.deliver()), RetryIn)
    bench.leases.open_handler_lease = None
    assert isinstance(await bench.processor.process(await bench.deliver(group="other")), RetryIn)


async def test_a_cancellation_from_inside_is_a_failure(bench):
    """When something that a handler waited for was cancelled, nobody cancelled us: the attempt failed, and counts."""

    async def wait_for_a_cancelled_look_up(message, claim):
        shared = asyncio.get_running_loop().create_future()
        shared.cancel()
        await shared

    bench.handler.handle = wait_for_a_cancelled_look_up
    disposition = await bench.processor.process(await bench.deliver())
    assert isinstance(disposition, RetryIn)
    assert bench.claims.records["k1"].owner is None
    assert (bench.claims.records["k1"].attempts, bench.claims.records["k1"].unfinished) == (1, 0)


@pytest.mark.parametrize("method", ["repeat_outcome", "refuse_reused_id"])
async def test_a_method_that_hangs_ends_too(make_bench, body, method):
    """Saying an outcome again, or refusing, takes no longer than a handler may."""
    bench = make_bench(limit=timedelta(seconds=0.05))
    await bench.processor.process(await bench.deliver())

    async def hang(*_arguments):
        await asyncio.sleep(60)

    setattr(bench.handler, method, hang)
    again = body() if method == "repeat_outcome" else body(text="other")
    assert isinstance(await bench.processor.process(await bench.deliver(again, group="s2")), RetryIn)


@pytest.mark.parametrize("where", ["repeat", "release"])
async def test_no_line_repeats_what_a_librarys_error_says(bench, logs, where):
    """Saying an outcome again, or giving a command back, may fail with a visitor's words in the error's text."""
    words = KeyError("my name is Jane Roe")

    async def fail(*_arguments, **_named):
        raise words

    if where == "repeat":
        await bench.processor.process(await bench.deliver())
        bench.handler.repeat_outcome = fail
    else:
        bench.claims.release = fail
        bench.handler.errors = [TransientError("throttled")]
    assert isinstance(await bench.processor.process(await bench.deliver(group="s2")), RetryIn)
    (line,) = [line for line in logs if line["event"] in {"claim_failed", "release_failed"}]
    assert line["error"] == "KeyError"


async def test_what_the_visitor_can_send_again_is_no_failure(bench):
    """They are asked to, and nothing is copied for an operator."""
    bench.handler.errors = [TryAgainError("model_busy")]
    assert await bench.processor.process(await bench.deliver()) == Ack()
    assert bench.handler.given_up == [("k1", "model_busy")]
    assert bench.queue.dead_letters == []


async def test_a_replay_that_can_be_sent_again_fails_again(bench, body):
    """An operator waits for its outcome, and its visitor may be gone."""
    bench.handler.errors = [TryAgainError("model_busy")]
    disposition = await bench.processor.process(await bench.deliver(body(replay=1)))
    assert isinstance(disposition, DeadLetter)
    assert [copy.reason for copy in bench.queue.dead_letters] == ["model_busy"]
    assert [reason for _, reason in bench.handler.given_up] == ["model_busy"]


class Visitor:
    """A `WaitingVisitor` that notes what is watched, and refuses what it is told to."""

    def __init__(self, *, seconds=None, refuses=False):
        self.seconds, self.refuses, self.events = seconds, refuses, []

    @asynccontextmanager
    async def watch(self, message):
        self.events.append(f"watch {message.id}")
        yield
        self.events.append("end")

    def compute_claim_seconds(self, _message):
        return self.seconds

    async def refuse_unclaimed(self, message):
        self.events.append(f"refuse {message.id}")
        return self.refuses


class UnreachableClaims(FakeClaims):
    """Claims whose table does not answer."""

    async def claim(self, *_args, **_options):
        await asyncio.sleep(30)
        raise TransientError("dynamodb: not called")


@pytest.mark.parametrize(("refuses", "disposition"), [(True, Ack), (False, RetryIn)])
def test_what_can_not_be_claimed_in_time_may_be_refused(make_bench, refuses, disposition):
    """Its visitor is told without a table; what is not refused comes again soon."""

    async def run():
        bench = make_bench()
        visitor = Visitor(seconds=7, refuses=refuses)
        bench.processor._claims = UnreachableClaims(bench.clock)
        bench.processor._visitor = visitor
        began = asyncio.get_running_loop().time()
        ended = await bench.processor.process(await bench.deliver())
        assert isinstance(ended, disposition)
        assert asyncio.get_running_loop().time() - began == 7
        assert visitor.events == ["watch k1", "refuse k1", "end"]
        assert refuses or timedelta(seconds=2) <= ended.delay <= timedelta(seconds=4)

    run_turned(run())


async def test_a_visitor_is_watched_while_the_handler_runs(bench):
    """From the claim to the end."""
    bench.processor._visitor = visitor = Visitor()
    assert await bench.processor.process(await bench.deliver()) == Ack()
    assert visitor.events == ["watch k1", "end"]
