"""The golden conversations on the stand-in, through the chat worker's prompt and adapter."""

import time

import pytest

from evals.checker import check_answer
from evals.conversation import ask_model, read_business
from evals.golden_case import Kind, read_cases
from evals.lie_check import count_caught_lies
from infra.local.bedrock.in_process import InProcessClient
from infra.local.bedrock.standin import StandIn
from tests.contracts.bedrock.client import HAIKU
from workers.chat.adapters.bedrock.model import BedrockModel

CASES = read_cases()
REQUIRED_SHARE = 0.95


@pytest.fixture(scope="module")
async def answers():
    model = BedrockModel(client=InProcessClient(StandIn(clock=time.monotonic)), default_model_id=HAIKU)
    return [(case, await ask_model(model, case)) for case in CASES]


def test_the_cases_are_of_each_kind_language_and_business():
    """Every kind of answer is asked for in both languages, and two businesses are asked."""
    assert len(CASES) >= 120
    assert len({case.tenant for case in CASES}) == 2
    assert {(case.kind, case.language) for case in CASES} == {(kind, tag) for kind in Kind for tag in ("pl", "en")}


async def test_each_golden_case_is_answered_right(answers):
    """Every answer states its facts and no others, in the visitor's language, with the form where it is wanted."""
    faults = {
        case.id: [finding.text for finding in check_answer(case, answer, read_business(case.tenant).profile)]
        for case, answer in answers
    }

    assert {name: texts for name, texts in faults.items() if texts} == {}


async def test_the_cases_notice_lies(answers):
    """Of each kind of lie at least 95 % are noticed, by the fault that it is."""
    missed = {
        count.kind: count.missed
        for count in count_caught_lies(answers)
        if not count.applicable or count.caught < REQUIRED_SHARE * count.applicable
    }

    assert missed == {}
