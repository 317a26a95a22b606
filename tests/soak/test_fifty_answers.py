"""Fifty long answers at once, of which a third goes wrong, while one of two pools is killed."""

import asyncio
import os
import signal
import statistics
import time
from collections import Counter

import pytest

from infra.local.stack import Options, Stack, open_local_stack
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
WORDS = 90
ANSWER_SECONDS = 45
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
QUESTIONS = [Question(number, WORDS, FAULTS.get(number, ()), number in PREDECESSORS) for number in range(AT_ONCE)]


async def kill_pool(stack: Stack) -> None:
    """Kill one of two pools, and start another one."""
    os.kill(stack.children["chat"].pid, signal.SIGKILL)
    await asyncio.to_thread(stack.start_pool, "chat", process="third chat")


async def test_each_of_fifty_answers_ends_once_in_time(tmp_path):
    """One frame ends each within the deadline, no text comes twice, and no attempt makes more calls than it may."""
    options = Options(
        folder=tmp_path,
        site=False,
        desk=False,
        bedrock_arguments=("--tokens-per-second", "0", "--first-token-ms", "0"),
    )
    with open_local_stack(options) as stack:
        description, backstage = stack.describe(), Backstage(stack)
        visit = Visit(description["websocket_url"], description["tenant"], description["site_url"])
        stack.start_pool("chat", process="second chat")
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
            await kill_pool(stack)
        outcomes = [check_conversation(backstage, one, answer_seconds=ANSWER_SECONDS) for one in conversations]
    seconds = [one.seconds for one in outcomes]
    print(f"a pool was killed after {killed_after:.1f} s")
    print(f"ends: {dict(Counter(one.kind for one in outcomes))}")
    print(f"seconds: p50 {statistics.median(seconds):.1f}, max {max(seconds):.1f}")
    print(f"calls of the model: {sum(one.calls for one in outcomes)}, at most {max(one.calls for one in outcomes)}")
    again = sum(one.attempts > 1 + one.question.has_predecessor for one in outcomes)
    print(f"messages with a second attempt: {again}")
    assert again, "no answer was interrupted"
    assert [one.kind for one in outcomes].count("complete") > AT_ONCE // 2
