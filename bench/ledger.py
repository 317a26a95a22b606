"""Measures the failure ledger with ten thousand failures: reads by id, filters and pages (`python bench/ledger.py`)."""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3

from infra.local.emulator import start_emulator, wait_for_emulator
from infra.local.environment import build_clean_environment, build_emulator_environment
from infra.local.interrupts import Interrupts
from infra.local.ports import HOST, find_free_port
from infra.local.processes import Children
from shared.aws.clients import AwsClients
from shared.aws.ledger.failures import DynamoFailureLedger
from shared.aws.ledger.payload_cipher import PayloadCipher
from shared.clock import SystemClock
from shared.ids import derive_failure_id
from shared.ledger.failures import Failure, FailureFilter, FailureState
from shared.settings import AwsSettings
from tests.contracts.stores.template import create_tables

REASONS = ("calendar_access_revoked", "timeout", "bug", "attempts_exhausted", "receives_exhausted")
FIRST_FAILURE_AT = datetime(2026, 1, 1, tzinfo=UTC)
PAYLOAD = '{"version":1,"type":"booking.create","data":{"contact":"visitor@example.com","note":"%s"}}' % ("n" * 600)
MAX_CONCURRENT_CALLS = 32


def failure(number: int) -> Failure:
    """Return failure number `number`: the failures have five reasons and ten tenants."""
    at = FIRST_FAILURE_AT + timedelta(seconds=7 * number)
    return Failure(
        failure_id=derive_failure_id("booking", f"command-{number}"),
        queue="booking",
        group=f"session-{number}",
        payload=PAYLOAD,
        reason=REASONS[number % len(REASONS)],
        error="PermanentError: the calendar refused the key",
        attempts=1,
        first_at=at,
        last_at=at,
        type="booking.create",
        tenant=f"tenant-{number % 10}",
        session_id=f"session-{number}",
        command_id=f"command-{number}",
        trace="1-5759e988-bd862e3fe1be46a994272793",
    )


async def measure_search(name: str, rounds: int, action: Callable[[], Awaitable[Any]]) -> None:
    """Print the median and the longest time of some rounds, and the number of results."""
    durations, answer = [], None
    for _ in range(rounds):
        started = time.perf_counter()
        answer = await action()
        durations.append(time.perf_counter() - started)
    found = len(answer) if isinstance(answer, list) else len(getattr(answer, "failures", [answer]))
    print(f"{name:<44} {statistics.median(durations):8.3f} s  max {max(durations):8.3f} s  {found:>6} found")


async def measure(ledger: DynamoFailureLedger, options: argparse.Namespace) -> None:
    """Fill the ledger, then time searches in it."""
    write_limit = asyncio.Semaphore(MAX_CONCURRENT_CALLS)

    async def record(number: int) -> None:
        async with write_limit:
            await ledger.record(failure(number))

    started = time.perf_counter()
    await asyncio.gather(*(record(number) for number in range(options.failures)))
    seconds = time.perf_counter() - started
    print(f"{options.failures} recorded in {seconds:.1f} s, {options.failures / seconds:.0f} a second\n")

    async def all_pages(search: FailureFilter) -> list[Failure]:
        found, after = [], None
        while True:
            page = await ledger.find(search, limit=500, after=after)
            found += page.failures
            if (after := page.after) is None:
                return found

    example = failure(options.failures // 2)
    searches = {
        "the latest 50": FailureFilter(),
        "the latest 50 of a tenant": FailureFilter(tenants=["tenant-3"]),
        "50 of a reason": FailureFilter(reason="timeout"),
        "one by its command's id": FailureFilter(text=example.command_id),
        "one by its id, within a tenant": FailureFilter(text=example.failure_id, tenants=[example.tenant or ""]),
        "none (a text that no failure has)": FailureFilter(text="nowhere"),
        "an hour": FailureFilter(since=example.last_at, until=example.last_at + timedelta(hours=1)),
        "discarded failures": FailureFilter(states=[FailureState.DISCARDED]),
    }
    await measure_search("one by its key", options.rounds, lambda: ledger.get(example.failure_id))
    for name, search in searches.items():
        await measure_search(name, options.rounds, lambda search=search: ledger.find(search))  # type: ignore[misc]
    await measure_search("all, 500 a page, with their payloads", 1, lambda: all_pages(FailureFilter()))


async def main() -> None:
    """Start an emulator and measure."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--failures", type=int, default=10_000)
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        children, port = Children(Path(folder) / "logs", Interrupts()), find_free_port()
        endpoint = f"http://{HOST}:{port}"
        environment = build_emulator_environment(endpoint)
        try:
            child = start_emulator(
                children, port=port, scratch=Path(folder) / "tmp", environment=build_clean_environment()
            )
            wait_for_emulator(child, port)
            credentials = {
                "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
                "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
            }
            create_tables(boto3.client("dynamodb", region_name="eu-central-1", endpoint_url=endpoint, **credentials))
            async with AsyncExitStack() as stack:
                settings = AwsSettings(
                    aws_endpoint_url=endpoint,
                    conversations_table="",
                    connections_table="",
                    processed_table="",
                    knowledge_bucket="",
                    websocket_endpoint=endpoint,
                )
                client = await AwsClients(stack, settings).open_client("dynamodb", connections=MAX_CONCURRENT_CALLS)
                cipher = PayloadCipher(["k" * 64])
                ledger = DynamoFailureLedger(client=client, table="FailuresTable", cipher=cipher, clock=SystemClock())
                await measure(ledger, options)
        finally:
            children.stop_all()


if __name__ == "__main__":
    asyncio.run(main())
