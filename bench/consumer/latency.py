"""The second mode: a queue ten milliseconds away. How much the pool gets through, and how long a message waits."""

import sys
import time
from typing import Any

from bench.consumer.contenders import CONTENDERS
from bench.consumer.run import Course, Result, outcome, process
from tests.broker.process import running_broker

GOAL_PER_SECOND = 2000
RATE = 200
_FIRST_GUESS = 2000


def measure(*, latency_ms: float, seconds: float, rounds: int) -> dict[str, Any]:
    """Return the rates of each round, and the percentiles from send to handler."""
    pool = next(one for one in CONTENDERS if one.name == "pool")
    with running_broker(latency_ms=latency_ms) as broker:
        course = Course(broker)
        size = max(500, round(course.run(pool, _FIRST_GUESS, number=0).rate * 3))
        runs: list[Result] = []
        for number in range(1, rounds + 1):
            runs.append(course.run(pool, size, number=number))
            print(f"round {number}: {runs[-1].rate:,.0f} messages/s", file=sys.stderr)
        queue = broker.queue("bench-waits", VisibilityTimeout="300")
        broker.reset_stats()
        messages = int(RATE * seconds)
        print(f"sending {RATE} messages/s for {seconds:.0f} s", file=sys.stderr)
        sender = [sys.executable, "-m", "bench.consumer.runners.sender", "--rate", str(RATE)]
        with process(pool.command(queue, messages, None)) as consuming:
            while not broker.stats()["requests"].get("ReceiveMessage"):
                time.sleep(0.05)  # a pool that is not up yet is not what we measure
            with process([*sender, "--queue", queue, "--messages", str(messages)]) as sending:
                waits = outcome(consuming, "pool")
                sending.wait()
    return {"latency_ms": latency_ms, "rates": [one.rate for one in runs], "waits": waits}


def report(found: dict[str, Any]) -> str:
    """Return it as text."""
    rates, waits = sorted(found["rates"]), found["waits"]
    middle = rates[len(rates) // 2]
    return (
        f"\n{found['latency_ms']:.0f} ms added to every call\n"
        f"throughput        {middle:,.0f} messages/s ({rates[0]:,.0f} - {rates[-1]:,.0f}), goal {GOAL_PER_SECOND:,}\n"
        f"send to handler   p50 {waits['p50_ms']:.1f} ms, p99 {waits['p99_ms']:.1f} ms, max {waits['max_ms']:.1f} ms"
        f" at {RATE} messages/s, n={waits['waits']}"
    )
