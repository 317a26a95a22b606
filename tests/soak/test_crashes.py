"""Workers die at random, again and again: every effect is there, and none is there twice."""

import os
import signal
import time
from collections import Counter
from dataclasses import dataclass

import pytest

from shared.ids import new_id
from tests.fakes.envelopes import command_body
from tests.soak.conftest import wait_until


@dataclass(frozen=True)
class Scale:
    """How much, and how often a worker dies."""

    messages: int
    sessions: int
    workers: int
    kills: int
    every_seconds: float
    handler_seconds: float
    patience_seconds: float


SHORT = Scale(
    messages=600, sessions=40, workers=2, kills=4, every_seconds=1.5, handler_seconds=0.25, patience_seconds=60
)
LONG = Scale(
    messages=20_000, sessions=400, workers=3, kills=20, every_seconds=2.0, handler_seconds=0.005, patience_seconds=900
)


CONCURRENCY = "8"
"""As much as the emulated tables keep up with: a message that waits for them for a second, while a worker dies every
other one, would see three die and be quarantined, though it is as innocent as the rest."""


def fill(workshop, url, scale, run):
    """Put the messages on the queue, one of each session in turn; return which commands each session sent."""
    body = command_body(f"{run}-k{{n}}", session=f"{run}-s{{g}}")
    workshop.broker.fill(url, count=scale.messages, body=body, groups=scale.sessions)
    return {
        f"{run}-s{group}": [f"{run}-k{number}" for number in range(group, scale.messages, scale.sessions)]
        for group in range(scale.sessions)
    }


def crash(workshop, chance, scale, url, *arguments):
    """Let workers work while one after the other dies; return once the queue is empty."""
    for _ in range(scale.workers):
        workshop.start(*arguments, POOL_CONCURRENCY=CONCURRENCY)
    workshop.started_all()
    for _ in range(scale.kills):
        time.sleep(scale.every_seconds)
        workshop.kill_one(chance)
        workshop.start(*arguments, POOL_CONCURRENCY=CONCURRENCY)
    wait_until(
        lambda: not any(workshop.state(url)[key] for key in ("visible", "in_flight")),
        scale.patience_seconds,
        "an empty queue",
    )
    workshop.stop_all()


@pytest.mark.parametrize("scale", [SHORT, pytest.param(LONG, marks=pytest.mark.soak)], ids=["short", "long"])
def test_every_effect_is_there_and_none_twice(workshop, chance, scale):
    """Whenever workers are killed, each command leaves one frame, in the order in which its session sent it."""
    url, dlq = workshop.queues("crash", fifo=True)
    sent = fill(workshop, url, scale, new_id()[:8])
    began = time.monotonic()
    crash(workshop, chance, scale, url, "--queue", url, "--dlq", dlq, "--seconds", str(scale.handler_seconds))
    seconds = time.monotonic() - began
    print(f"{scale.messages} messages, {scale.kills} kills, {seconds:.0f} s, {scale.messages / seconds:.0f} a second")
    stored = workshop.frames(sent)
    assert {session: [text for _, text in frames] for session, frames in stored.items()} == sent
    for frames in stored.values():
        assert [seq for seq, _ in frames] == list(range(1, len(frames) + 1))
    assert workshop.state(dlq) == {"visible": 0, "in_flight": 0, "delayed": 0}


@pytest.mark.parametrize("scale", [pytest.param(LONG, marks=pytest.mark.soak)], ids=["long"])
def test_without_the_record_effects_come_twice(workshop, chance, scale):
    """The test above can fail: when deliveries know nothing of each other, kills double effects."""
    url, dlq = workshop.queues("forgetful", fifo=True)
    sent = fill(workshop, url, scale, new_id()[:8])
    crash(
        workshop,
        chance,
        scale,
        url,
        "--queue",
        url,
        "--dlq",
        dlq,
        "--seconds",
        str(scale.handler_seconds),
        "--without-record",
    )
    texts = Counter(text for frames in workshop.frames(sent).values() for _, text in frames)
    doubled = [text for text, times in texts.items() if times > 1]
    print(f"{len(doubled)} of {scale.messages} effects came twice")
    assert doubled


def test_a_death_between_copy_and_delete_loses_nothing(workshop):
    """The message is on the dead-letter queue or on its own at any time, and at the end only there."""
    url, dlq = workshop.queues("copied", fifo=True)
    workshop.broker.faults([{"action": "DeleteMessageBatch", "kind": "silent", "probability": 1}])
    workshop.broker.fill(url, count=1, body="no json {n}")
    arguments = ("--queue", url, "--dlq", dlq)
    first = workshop.start(*arguments)
    wait_until(lambda: workshop.state(dlq)["visible"], 30, "a copy")
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    workshop.workers.remove(first)
    assert workshop.state(url) != {"visible": 0, "in_flight": 0, "delayed": 0}
    workshop.broker.faults([])
    workshop.start(*arguments)
    wait_until(lambda: not any(workshop.state(url)[key] for key in ("visible", "in_flight")), 30, "an empty queue")
    workshop.stop_all()
    assert workshop.state(dlq)["visible"] == 2, "the second copy has an id of its own: SQS would swallow it otherwise"
