"""Workers die again and again: every effect is there, and none is there twice."""

import time
from dataclasses import dataclass

import pytest

from shared.ids import new_id
from tests.fakes.envelopes import command_body
from tests.soak.conftest import wait_until


@dataclass(frozen=True)
class Scale:
    """How much, and how many workers die on the way, evenly spread over the messages."""

    messages: int
    sessions: int
    workers: int
    kills: int
    handler_seconds: float
    timeout_seconds: float


SHORT = Scale(messages=240, sessions=40, workers=2, kills=2, handler_seconds=0.2, timeout_seconds=120)
"""Two deaths quarantine no message, however slow the machine is: that takes three."""
LONG = Scale(messages=20_000, sessions=400, workers=3, kills=20, handler_seconds=0.005, timeout_seconds=900)

CONCURRENCY = "8"
"""As much as the emulated tables keep up with: a message that waits long for them would see three workers die."""
NOTHING = {"visible": 0, "in_flight": 0, "delayed": 0}


def fill(workshop, url, *, messages, sessions):
    """Put the messages on the queue, one of each session in turn; return which commands each session sent."""
    run = new_id()[:8]
    body = command_body(f"{run}-k{{n}}", session=f"{run}-s{{g}}")
    workshop.broker.fill(url, count=messages, body=body, groups=sessions)
    return {
        f"{run}-s{group}": [f"{run}-k{number}" for number in range(group, messages, sessions)]
        for group in range(sessions)
    }


def texts_of(frames):
    return {session: [text for _, text in stored] for session, stored in frames.items()}


@pytest.mark.parametrize("scale", [SHORT, pytest.param(LONG, marks=pytest.mark.soak)], ids=["short", "long"])
def test_every_effect_is_there_and_none_twice(workshop, scale):
    """Whenever workers are killed, each command leaves one frame, in the order in which its session sent it."""
    url, dlq = workshop.queues("crash", fifo=True)
    sent = fill(workshop, url, messages=scale.messages, sessions=scale.sessions)
    arguments = ("--queue", url, "--dlq", dlq, "--seconds", str(scale.handler_seconds))
    began = time.monotonic()
    for _ in range(scale.workers):
        workshop.start(*arguments, POOL_CONCURRENCY=CONCURRENCY)
    for kill in range(1, scale.kills + 1):
        done = scale.messages * kill // (scale.kills + 1)
        wait_until(lambda done=done: workshop.broker.stats()["deleted"] >= done, scale.timeout_seconds, f"{done} done")
        workshop.kill_oldest()
        workshop.start(*arguments, POOL_CONCURRENCY=CONCURRENCY)
    wait_until(lambda: workshop.is_empty(url), scale.timeout_seconds, "an empty queue")
    workshop.stop_all()
    seconds = time.monotonic() - began
    print(f"{scale.messages} messages, {scale.kills} kills, {seconds:.0f} s, {scale.messages / seconds:.0f} a second")
    stored = workshop.frames(sent)
    assert texts_of(stored) == sent
    for frames in stored.values():
        assert [seq for seq, _ in frames] == list(range(1, len(frames) + 1))
    assert workshop.state(dlq) == NOTHING


@pytest.mark.parametrize(
    ("without", "times"),
    [
        pytest.param((), 1, id="with the record"),
        pytest.param(("--without-record",), 2, id="without the record", marks=pytest.mark.soak),
    ],
)
def test_the_record_keeps_an_effect_from_coming_twice(workshop, without, times):
    """A worker dies between its effects and its deletes: the next one adds nothing, but for a guard that is removed."""
    url, dlq = workshop.queues("effect", fifo=True)
    workshop.broker.faults([{"action": "DeleteMessageBatch", "kind": "silent"}])
    sent = fill(workshop, url, messages=8, sessions=8)
    arguments = ("--queue", url, "--dlq", dlq, *without)
    workshop.start(*arguments)
    wait_until(lambda: texts_of(workshop.frames(sent)) == sent, 60, "every effect")
    workshop.kill_oldest()
    workshop.broker.faults([])
    workshop.start(*arguments)
    wait_until(lambda: workshop.is_empty(url), 60, "an empty queue")
    workshop.stop_all()
    assert texts_of(workshop.frames(sent)) == {session: texts * times for session, texts in sent.items()}


def test_a_death_between_copy_and_delete_loses_nothing(workshop):
    """The message is on the dead-letter queue or on its own at any time, and at the end only there."""
    url, dlq = workshop.queues("copied", fifo=True)
    workshop.broker.faults([{"action": "DeleteMessageBatch", "kind": "silent"}])
    workshop.broker.fill(url, count=1, body="no json {n}")
    arguments = ("--queue", url, "--dlq", dlq)
    workshop.start(*arguments)
    wait_until(lambda: workshop.state(dlq)["visible"], 60, "a copy")
    workshop.kill_oldest()
    assert not workshop.is_empty(url)
    workshop.broker.faults([])
    workshop.start(*arguments)
    wait_until(lambda: workshop.is_empty(url), 60, "an empty queue")
    workshop.stop_all()
    assert workshop.state(dlq)["visible"] == 2, "the second copy has an id of its own: SQS would swallow it otherwise"
