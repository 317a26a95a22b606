"""Asks a model all cases, a few at a time, and checks its answers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TextIO

from evals.checker import Answer, check_answer
from evals.conversation import ask_model, read_business
from evals.golden_case import GoldenCase
from evals.recording import write_answer
from evals.report import Result
from shared.errors import PermanentError, TransientError, describe_error
from workers.chat.ports import Model

_TRIES = 3
_FIRST_WAIT_SECONDS = 2


async def evaluate_model(
    model: Model,
    cases: Sequence[GoldenCase],
    *,
    at_once: int,
    record: TextIO | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> list[Result]:
    """Return the results in the order of the cases; answers are recorded as they come.

    A call that may succeed later is made three times in all, with 2 and 4 seconds between. A refusal ends the case, not
    the evaluation.
    """
    limit = asyncio.Semaphore(at_once)

    async def evaluate_case(case: GoldenCase) -> Result:
        async with limit:
            try:
                answer = await _ask_patiently(model, case, sleep)
            except (TransientError, PermanentError) as error:
                return Result(case, error=describe_error(error))
        if record:
            write_answer(record, case.id, answer)
        return _check(case, answer)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(evaluate_case(case)) for case in cases]
    return [task.result() for task in tasks]


def evaluate_recording(answers: Mapping[str, Answer], cases: Sequence[GoldenCase]) -> list[Result]:
    """Return the results of recorded answers; a case that was not recorded has none."""
    return [
        _check(case, answers[case.id]) if case.id in answers else Result(case, error="not in the recording")
        for case in cases
    ]


def _check(case: GoldenCase, answer: Answer) -> Result:
    return Result(case, answer, check_answer(case, answer, read_business(case.tenant).profile))


async def _ask_patiently(model: Model, case: GoldenCase, sleep: Callable[[float], Awaitable[None]]) -> Answer:
    for attempt in range(_TRIES - 1):
        try:
            return await ask_model(model, case)
        except TransientError:
            await sleep(_FIRST_WAIT_SECONDS * 2**attempt)
    return await ask_model(model, case)
