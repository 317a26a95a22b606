"""Measures what the rate limits cost a frame, and how far fifty environments exceed them.

The ingress is the real one, with its own calls over HTTP to tables in memory that answer after a fixed time; queues and
connections are fakes. Run it with `make bench-limits`.
"""

import argparse
import asyncio
import json
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import structlog

from api_gateway_ws.adapters.aws_calls import DynamoDb, Region
from api_gateway_ws.adapters.rate_counters import DynamoRateCounters
from api_gateway_ws.ingress import Ingress
from api_gateway_ws.limits.budgets import Budget
from api_gateway_ws.limits.limiter import RateLimiter
from api_gateway_ws.sender import Sender
from bench.chat.services import TablesStub, serve
from shared.aws.signer import StaticCredentials
from shared.clock import SystemClock
from shared.tenants.rate_limits import DEFAULTS, RateLimits
from shared.trace import Trace
from tests.fakes.ingress import FakeCommandPublisher
from tests.fakes.rate_counters import FakeDigests

CLOCK = SystemClock()
_FLOODED = "rate#business#salon#chats"
ENVIRONMENTS = 50
VISITOR = Sender(tenant="salon", session_id="s", connection_id="c", locale="en", source_ip="192.0.2.7")
UNLIMITED = "session=999999,address=999999,business=999999"


class AdmitAll:
    """A `RateLimiter` that counts nothing."""

    def admit(self, request: Any) -> None:
        """Admit it."""


@contextmanager
def serve_tables(latency_ms: float) -> Iterator[tuple[str, TablesStub]]:
    """Serve tables from a thread of their own, and yield their address."""
    stub, ready, loop = TablesStub(latency_ms=latency_ms), threading.Event(), asyncio.new_event_loop()
    address: list[str] = []
    ended = asyncio.Event()

    async def run() -> None:
        async with serve(stub.handle) as url:
            address.append(url)
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    ready.wait()
    try:
        yield address[0], stub
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()


def open_limiter(url: str, limits: str) -> RateLimiter:
    """Return the limiter of one environment, with a connection of its own."""
    client = DynamoDb(Region("eu-central-1", StaticCredentials("key", "secret", None), url), CLOCK)
    counters = DynamoRateCounters(client=client, table="LimitsTable")
    return RateLimiter(counters=counters, digests=FakeDigests(), limits=RateLimits().override(limits), clock=CLOCK)


def open_ingress(limiter: Any, queue: FakeCommandPublisher) -> Ingress:
    """Return an ingress that queues messages."""
    sessions = SimpleNamespace(read_locale=lambda *_: None)
    others = dict.fromkeys(("stops", "judgements", "poster", "profiles", "tokens", "states", "connect_limiter"))
    parts: dict[str, Any] = {**others, "publisher": queue, "sessions": sessions, "limiter": limiter, "clock": CLOCK}
    return Ingress(**parts)


def send(ingress: Ingress, number: int, **sender: Any) -> None:
    """Send a message of a visitor."""
    text = json.dumps({"v": 1, "type": "chat.send", "id": f"m{number}", "data": {"text": "Hello"}})
    ingress.answer_frame(text, replace(VISITOR, **sender), trace=Trace.begin(CLOCK.now()))


def measure_frames(url: str, frames: int) -> None:
    """Print how long frames of visitors take, without limits and with them, in turns."""
    contenders = {
        "nothing counted": open_ingress(AdmitAll(), FakeCommandPublisher()),
        "IPv4": open_ingress(open_limiter(url, UNLIMITED), FakeCommandPublisher()),
        "IPv6": open_ingress(open_limiter(url, UNLIMITED), FakeCommandPublisher()),
    }
    elapsed: dict[str, list[float]] = {name: [] for name in contenders}
    used: Counter[str] = Counter()
    for number in range(frames):
        for name, ingress in contenders.items():
            address = "2001:db8::1" if name == "IPv6" else "192.0.2.7"
            begun, cpu = time.perf_counter(), time.thread_time()
            send(ingress, number, session_id=f"s{number % 100}", source_ip=address)
            elapsed[name].append((time.perf_counter() - begun) * 1000)
            used[name] += round((time.thread_time() - cpu) * 1e6)
    for name, times in elapsed.items():
        at_95 = statistics.quantiles(times, n=20)[-1]
        median = statistics.median(times)
        print(
            f"{name:16} median {median:6.2f} ms, 95 % {at_95:6.2f} ms, CPU {used[name] / frames / 1000:5.2f} ms a frame"
        )


def measure_flood(url: str, stub: TablesStub, messages: int) -> None:
    """Let fifty environments receive messages of as many visitors at once, and print what was queued and written."""
    queue, begun = FakeCommandPublisher(), time.perf_counter()
    ingresses = [open_ingress(open_limiter(url, ""), queue) for _ in range(ENVIRONMENTS)]

    def receive(environment: int) -> None:
        for number in range(environment, messages, ENVIRONMENTS):
            address = f"198.51.{number % 250}.{number // 250 % 250}"
            send(ingresses[environment], number, session_id=f"flood{number}", source_ip=address)

    threads = [threading.Thread(target=receive, args=[number]) for number in range(ENVIRONMENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    limit = DEFAULTS["business.chats"]
    unleased = Budget("business", "", "chats", limit).unleased
    minutes = len([item for item in stub.tables.list_items("LimitsTable") if item["quota"]["S"] == _FLOODED])
    print(
        f"flood: {messages} messages in {time.perf_counter() - begun:.1f} s at {ENVIRONMENTS} environments, "
        f"{len(queue.commands)} queued in {minutes} minutes of the clock; "
        f"at most {limit + ENVIRONMENTS * (unleased + 7)} in each"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--latency-ms", type=float, default=3, help="of the tables (default: 3)")
    options = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with serve_tables(options.latency_ms) as (url, stub):
        # First, because the frames of the other measurement count for the same business.
        measure_flood(url, stub, options.messages)
        measure_frames(url, options.frames)


if __name__ == "__main__":
    main()
