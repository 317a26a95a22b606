"""Fifty long answers at once, of which a third goes wrong, while workers are killed: in pools, and on Lambda."""

import asyncio
import os
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from infra.local.stack import POOLS, Options, Stack, open_local_stack
from tests.e2e.backstage import Backstage
from tests.e2e.long_answers import (
    CUT,
    SILENCE,
    STALL,
    THROTTLING,
    Conversation,
    Question,
    asking,
    check_conversation,
    script,
)
from tests.e2e.visitor import Visit

pytestmark = pytest.mark.soak

AT_ONCE = 50
"""As `--at-once` says by default."""

WORDS, FILLER = 20, "-" * 30
ANSWER_SECONDS = 45
LEASE_SECONDS = 8
PACE = {"tokens_per_second": 20, "first_token_ms": 300}
"""With it an answer takes seven seconds on an idle machine."""

START_SECONDS = 4.0
"""All visitors ask within this time."""

FAULTS = {
    **{number: (THROTTLING,) * (1 + number // 10) for number in range(0, AT_ONCE, 5)},
    **dict.fromkeys((1, 21, 41), (STALL,)),
    **dict.fromkeys((2, 22, 42), (CUT,) * 2),
    **dict.fromkeys((3, 23, 43), (SILENCE,)),
    # Everything at once, and what never gets better.
    4: (THROTTLING, CUT, SILENCE, CUT, STALL),
    24: ({**STALL, "times": None},),
    44: ({**THROTTLING, "times": None},),
}
"""The faults of each question: throttled 20 %, and stalled, cut and silent more than 5 % each."""

PREDECESSORS = range(6, AT_ONCE, 10)
KILLED_SHARE = 5
"""One of as many environments of the function is killed, and there is one more for its message."""


def build_questions(at_once: int) -> list[Question]:
    """Return the questions of that many visitors."""
    return [
        Question(number, WORDS, FAULTS.get(number, ()), number in PREDECESSORS, FILLER) for number in range(at_once)
    ]


def start_environments(stack: Stack, count: int) -> None:
    """Start environments of the function, and wait until they are ready."""
    command = [sys.executable, "-m", "tests.soak.lambda_environments", "--queue-url", stack.queues["chat"]]
    command += ["--count", str(count), "--folder", str(stack.options.folder)]
    child = stack.children.start("functions", command, stack.worker_environment, stage=2, grace_seconds=5)
    child.wait_for_output(lambda line: line if line == f"ready {count}" else None, timeout_seconds=240)


def list_processes(stack: Stack) -> Mapping[str, int]:
    """Return the id of the environment that got the last message of each session."""
    lines = stack.children["functions"].log.read_text().splitlines()
    events = [line.split() for line in lines if line.startswith("invoked ")]
    return {session: int(process) for _, process, session in events}


async def kill_pool(stack: Stack) -> None:
    """Kill one of two pools, and start another one."""
    os.kill(stack.children["chat"].pid, signal.SIGKILL)
    await asyncio.to_thread(stack.start_pool, "chat", process="third chat")


async def kill_functions(stack: Stack, conversations: Sequence[Conversation]) -> None:
    """Kill environments of the function in the middle of the answers that they stream."""
    processes = list_processes(stack)
    streaming = [one.session for one in conversations if one.is_streaming][: len(conversations) // KILLED_SHARE]
    for session in streaming:
        os.kill(processes[session], signal.SIGKILL)
    print(f"killed: {len(streaming)}")


def build_options(folder: Path, workers: str, **environment: str) -> Options:
    """Return what is started: with the workers on Lambda, all pools but that of chat."""
    return Options(
        folder=folder,
        site=False,
        desk=False,
        pools=POOLS if workers == "pools" else tuple(pool for pool in POOLS if pool != "chat"),
        pool_environment=environment,
        bedrock_arguments=("--tokens-per-second", "0", "--first-token-ms", "0"),
    )


def open_visits(stack: Stack) -> Visit:
    """Return what opens connections as the page of the business does."""
    description = stack.describe()
    return Visit(description["websocket_url"], description["tenant"], description["site_url"])


@pytest.mark.parametrize("workers", ["pools", "lambda"])
async def test_each_of_fifty_answers_ends_once_in_time(tmp_path, workers, pytestconfig):
    """One frame ends each within the deadline, no text comes twice, and no attempt makes more calls than it may."""
    at_once = pytestconfig.getoption("--at-once")
    questions = build_questions(at_once)
    with open_local_stack(build_options(tmp_path, workers)) as stack:
        backstage, visit = Backstage(stack), open_visits(stack)
        if workers == "pools":
            stack.start_pool("chat", process="second chat")
        else:
            start_environments(stack, at_once + at_once // KILLED_SHARE)
        backstage.bedrock("reset", {})
        backstage.bedrock("pace", PACE)
        script(backstage, questions)
        conversations = [Conversation(question) for question in questions]
        started_at = time.monotonic()
        async with asking(conversations, visit, pause=START_SECONDS / at_once):
            async with asyncio.timeout(ANSWER_SECONDS):
                while sum(one.has_begun.is_set() for one in conversations) < at_once // 2:
                    await asyncio.sleep(0.05)
            killed_after = time.monotonic() - started_at
            await (kill_pool(stack) if workers == "pools" else kill_functions(stack, conversations))
        outcomes = [
            check_conversation(backstage, one, answer_seconds=ANSWER_SECONDS, lease_seconds=LEASE_SECONDS)
            for one in conversations
        ]
    seconds = [one.seconds for one in outcomes]
    print(f"{workers}: killed after {killed_after:.1f} s")
    print(f"ends: {dict(Counter(one.kind for one in outcomes))}")
    late = sum(one > ANSWER_SECONDS for one in seconds)
    print(f"{late} ended after the deadline of {ANSWER_SECONDS} s")
    print(f"seconds: p50 {statistics.median(seconds):.1f}, max {max(seconds):.1f}")
    print(f"calls of the model: {sum(one.calls for one in outcomes)}, at most {max(one.calls for one in outcomes)}")
    again = sum(one.has_second_attempt for one in outcomes)
    print(f"messages with a second attempt: {again}")
    assert again, "no answer was interrupted"
    assert [one.kind for one in outcomes].count("complete") > at_once // 2


async def test_a_function_that_dies_at_once_costs_its_visitor_one_lease(tmp_path):
    """It is killed while it waits for the model, mostly before its first beat; its queue hides messages for minutes."""
    with open_local_stack(build_options(tmp_path, "lambda", POOL_LEASE_SECONDS="5")) as stack:
        backstage, visit = Backstage(stack), open_visits(stack)
        start_environments(stack, 2)
        backstage.bedrock("faults", {"kind": "silent", "seconds": 600})
        async with visit(greet=False) as visitor:
            session = (await visitor.hello())["data"]["session_id"]
            await visitor.send("chat.send", {"text": "Where are you?"}, frame_id="asked")
            await backstage.until(lambda: backstage.model_calls() > 0)
            os.kill(list_processes(stack)[session], signal.SIGKILL)
            final = await visitor.until("chat.final", "error", re="asked")
    assert final["type"] == "chat.final"
