"""The mode `latency`: throughput and waiting time of the pool when each call to the queue takes 10 ms longer."""

import sys
import time
from typing import Any

from bench.consumer.contenders import CONTENDERS
from bench.consumer.harness import Harness, Result, read_result, runner_process
from tests.broker.process import running_broker

GOAL_PER_SECOND = 2000
RATE = 200
_WARM_UP_MESSAGES = 2000


def measure(*, latency_ms: float, seconds: float, rounds: int) -> dict[str, Any]:
    """Return the rate of each round, and the percentiles of the time from send to handler."""
    pool = next(contender for contender in CONTENDERS if contender.name == "pool")
    with running_broker(latency_ms=latency_ms) as broker:
        harness = Harness(broker)
        size = max(500, round(harness.run(pool, _WARM_UP_MESSAGES, number=0).rate * 3))
        runs: list[Result] = []
        for number in range(1, rounds + 1):
            runs.append(harness.run(pool, size, number=number))
            print(f"round {number}: {runs[-1].rate:,.0f} messages/s", file=sys.stderr)
        queue = broker.queue("bench-waits", VisibilityTimeout="300")
        broker.reset_stats()
        messages = int(RATE * seconds)
        print(f"sending {RATE} messages/s for {seconds:.0f} s", file=sys.stderr)
        sender = [sys.executable, "-m", "bench.consumer.runners.sender", "--rate", str(RATE)]
        with runner_process(pool.command(queue, messages, None)) as consumer:
            while not broker.stats()["requests"].get("ReceiveMessage"):
                time.sleep(0.05)  # the start of the pool is not measured
            with runner_process([*sender, "--queue", queue, "--messages", str(messages)]) as sender_process:
                waits = read_result(consumer, "pool")
                sender_process.wait()
    return {"latency_ms": latency_ms, "rates": [run.rate for run in runs], "waits": waits}


def report(results: dict[str, Any]) -> str:
    """Return the results as text."""
    rates, waits = sorted(results["rates"]), results["waits"]
    median = rates[len(rates) // 2]
    return (
        f"\n{results['latency_ms']:.0f} ms added to every call\n"
        f"throughput        {median:,.0f} messages/s ({rates[0]:,.0f} - {rates[-1]:,.0f}), goal {GOAL_PER_SECOND:,}\n"
        f"send to handler   p50 {waits['p50_ms']:.1f} ms, p99 {waits['p99_ms']:.1f} ms, max {waits['max_ms']:.1f} ms"
        f" at {RATE} messages/s, n={waits['waits']}"
    )
