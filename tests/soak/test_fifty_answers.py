"""Fifty long answers at once, of which a third goes wrong, while workers are killed: in pools, and on Lambda."""

import asyncio
import os
import signal
import statistics
import sys
import time
from collections import Counter

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
WORDS, FILLER = 20, "-" * 30
ANSWER_SECONDS = 45
LEASE_SECONDS = 30
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
QUESTIONS = [
    Question(number, WORDS, FAULTS.get(number, ()), number in PREDECESSORS, FILLER) for number in range(AT_ONCE)
]


def start_workers(stack: Stack, workers: str) -> None:
    """Start a second pool, or as many environments of the function as there are visitors."""
    if workers == "pools":
        stack.start_pool("chat", process="second chat")
        return
    command = [sys.executable, "-m", "tests.soak.lambda_environments", "--queue-url", stack.queues["chat"]]
    child = stack.children.start(
        "functions", [*command, "--count", str(AT_ONCE)], stack.worker_environment, stage=2, grace_seconds=5
    )
    child.wait_for_output(lambda line: line if line.startswith("ready") else None, timeout_seconds=120)


async def kill_pool(stack: Stack) -> None:
    """Kill one of two pools, and start another one."""
    os.kill(stack.children["chat"].pid, signal.SIGKILL)
    await asyncio.to_thread(stack.start_pool, "chat", process="third chat")


async def kill_functions(stack: Stack) -> None:
    """Kill every fifth environment of the function; each is in the middle of an answer."""
    [line] = [line for line in stack.children["functions"].log.read_text().splitlines() if line.startswith("ready")]
    for process in line.split()[1::5]:
        os.kill(int(process), signal.SIGKILL)


@pytest.mark.parametrize("workers", ["pools", "lambda"])
async def test_each_of_fifty_answers_ends_once_in_time(tmp_path, workers):
    """One frame ends each within the deadline, no text comes twice, and no attempt makes more calls than it may."""
    options = Options(
        folder=tmp_path,
        site=False,
        desk=False,
        pools=POOLS if workers == "pools" else tuple(pool for pool in POOLS if pool != "chat"),
        bedrock_arguments=("--tokens-per-second", "0", "--first-token-ms", "0"),
    )
    with open_local_stack(options) as stack:
        description, backstage = stack.describe(), Backstage(stack)
        visit = Visit(description["websocket_url"], description["tenant"], description["site_url"])
        start_workers(stack, workers)
        backstage.bedrock("reset", {})
        backstage.bedrock("pace", PACE)
        script(backstage, QUESTIONS)
        conversations = [Conversation(question) for question in QUESTIONS]
        started_at = time.monotonic()
        async with asking(conversations, visit, pause=START_SECONDS / AT_ONCE):
            async with asyncio.timeout(ANSWER_SECONDS):
                while sum(one.has_begun.is_set() for one in conversations) < AT_ONCE // 2:
                    await asyncio.sleep(0.05)
            killed_after = time.monotonic() - started_at
            await (kill_pool if workers == "pools" else kill_functions)(stack)
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
    again = sum(one.attempts > 1 + one.question.has_predecessor for one in outcomes)
    print(f"messages with a second attempt: {again}")
    assert again, "no answer was interrupted"
    assert [one.kind for one in outcomes].count("complete") > AT_ONCE // 2
