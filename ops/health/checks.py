"""Runs the health checks of a deployment concurrently, each with a deadline."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.errors import ConfigurationError, PermanentError, TransientError, describe_error

DEADLINE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What was checked, its state, and what to do if there is a problem."""

    name: str
    state: Literal["ok", "warning", "problem", "off"]
    """`warning` is what works, but looks like a mistake; `off` a feature that this deployment does not use, such as
    text messages."""
    detail: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One check to run. An exception that it raises becomes a problem with `advice`."""

    name: str
    run: Callable[[], Awaitable[Sequence[CheckResult]]]
    advice: str


async def run_checks(
    health_checks: Sequence[HealthCheck], report: Callable[[CheckResult], None] = lambda _: None
) -> list[CheckResult]:
    """Run all checks concurrently; return the results in order.

    Each result is reported as soon as all results before it have been reported.
    """
    tasks = [asyncio.create_task(_run_check(health_check)) for health_check in health_checks]
    results: list[CheckResult] = []
    try:
        for task in tasks:
            for check in await task:
                report(check)
                results.append(check)
    finally:
        for task in tasks:
            task.cancel()
    return results


async def _run_check(health_check: HealthCheck) -> Sequence[CheckResult]:
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await health_check.run()
    except TimeoutError:
        detail = f"no answer in {DEADLINE_SECONDS:g} s"
    except (ConfigurationError, PermanentError, TransientError) as error:
        detail = describe_error(error)
    except Exception as error:  # noqa: BLE001 - a failed check must not hide the others
        detail = type(error).__name__
    return [CheckResult(health_check.name, "problem", detail, health_check.advice)]
