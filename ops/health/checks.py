"""One check of a deployment's health, and how many of them are run side by side."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.errors import ConfigurationError, PermanentError, TransientError, describe_error

DEADLINE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, how it is, and what to do if that is not well."""

    name: str
    state: Literal["ok", "problem", "off"]
    """`off` is something that is not wanted here, such as text messages."""
    detail: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """Something to look at; what it raises is a problem, with the advice that is given for that."""

    name: str
    look: Callable[[], Awaitable[Sequence[Check]]]
    advice: str


async def examined(examinations: Sequence[Examination], told: Callable[[Check], None] = lambda _: None) -> list[Check]:
    """Run all side by side; return their checks in order, and tell each as soon as those before it are told."""
    tasks = [asyncio.create_task(_checks(examination)) for examination in examinations]
    found: list[Check] = []
    try:
        for task in tasks:
            for check in await task:
                told(check)
                found.append(check)
    finally:
        for task in tasks:
            task.cancel()
    return found


async def _checks(examination: Examination) -> Sequence[Check]:
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await examination.look()
    except TimeoutError:
        detail = f"no answer in {DEADLINE_SECONDS:g} s"
    except (ConfigurationError, PermanentError, TransientError) as error:
        detail = describe_error(error)
    except Exception as error:  # noqa: BLE001 - one check that breaks must not hide the others
        detail = type(error).__name__
    return [Check(examination.name, "problem", detail, examination.advice)]
