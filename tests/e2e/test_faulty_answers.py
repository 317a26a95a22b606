"""Long answers of a model that fails in every way, while their worker is killed: each ends once, in time."""

import asyncio
from collections.abc import Iterator
from functools import partial

import pytest

from infra.local.stack import Stack
from tests.e2e.backstage import DEFAULT_PACE, Backstage
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
from tests.e2e.tenants import OpenBusiness
from tests.e2e.test_crashes import kill_and_replace
from tests.e2e.visitor import Visit

pytestmark = pytest.mark.e2e

ANSWER_SECONDS = 15
"""Long enough for another attempt after the lease of the killed worker."""

WORDS = 60
TWICE = 2
"""A fault of the attempt that is killed, and of the next one."""

QUESTIONS = [
    Question(0, WORDS),
    Question(1, WORDS, (THROTTLING,) * 3),
    Question(2, WORDS, (STALL,) * TWICE),
    Question(3, WORDS, (CUT,) * TWICE),
    Question(4, WORDS, (SILENCE,) * TWICE),
    Question(5, WORDS, ({"kind": "error", "after_deltas": 4},) * TWICE),
    Question(6, WORDS, (CUT,), has_predecessor=True),
    Question(7, WORDS, ({**THROTTLING, "times": None},)),
]


@pytest.fixture
def faulty_model(backstage: Backstage) -> Iterator[None]:
    """Let the model be slow and fail."""
    backstage.bedrock("pace", {"tokens_per_second": 40, "first_token_ms": 50})
    script(backstage, QUESTIONS)
    yield
    backstage.bedrock("reset", {})
    backstage.bedrock("pace", DEFAULT_PACE)


@pytest.mark.usefixtures("faulty_model")
async def test_each_answer_ends_once_in_time_whatever_fails(
    stack: Stack, visit: Visit, backstage: Backstage, open_business: OpenBusiness
):
    """One frame ends each message within its deadline; no text comes twice, and no attempt makes too many calls."""
    tenant = open_business(answer_seconds=ANSWER_SECONDS)
    conversations = [Conversation(question) for question in QUESTIONS]
    async with asking(conversations, partial(visit, tenant=tenant)):
        await asyncio.gather(*(conversations[number].has_begun.wait() for number in (0, 2, 3)))
        await kill_and_replace(stack, "chat")
    outcomes = [check_conversation(backstage, one, answer_seconds=ANSWER_SECONDS) for one in conversations]
    assert outcomes[7].kind == "MODEL_BUSY"
    assert {outcomes[number].kind for number in (0, 1, 2, 3, 5, 6)} <= {"complete", "cut"}
