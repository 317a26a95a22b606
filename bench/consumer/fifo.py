"""The mode `fifo`: the gain from processing groups in parallel, and the cost of a group that always fails."""

import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from bench.consumer.contenders import CONTENDERS, Contender
from bench.consumer.harness import Result, read_result, runner_process
from bench.consumer.runners.pool import POISON
from tests.broker.process import RunningBroker, running_broker

HANDLER_SECONDS = 0.05
GROUPS = 100
MESSAGES_PER_GROUP = 50
GOOD_GROUPS = 99
MESSAGES_PER_GROUP_AND_SECOND = 3
GOAL_RATIO = 20
GOAL_CHANGE = 0.10


def measure(*, latency_ms: float, seconds: float, rounds: int) -> dict[str, Any]:
    """Return the rates of many groups and of a single one, and the waits of good groups without and with a bad one."""
    pool = next(contender for contender in CONTENDERS if contender.name == "pool")
    pool = replace(pool, arguments=("--seconds", str(HANDLER_SECONDS)))
    with running_broker(latency_ms=latency_ms) as broker:
        harness = _GroupHarness(broker, pool)
        harness.measure_rate(GROUPS)  # a warm-up
        rates = []
        waits = []
        for number in range(1, rounds + 1):
            rates.append({"many": harness.measure_rate(GROUPS).rate, "one": harness.measure_rate(1).rate})
            # The order alternates, so that a drift over time affects both sides alike.
            order = (False, True) if number % 2 else (True, False)
            by_case = {
                ("with" if poison else "without"): harness.measure_waits(seconds, poison=poison) for poison in order
            }
            waits.append(by_case)
            print(
                f"round {number} of {rounds}: {rates[-1]['many']:,.0f} and {rates[-1]['one']:,.1f} messages/s; "
                f"p99 {by_case['without']['p99_ms']:.1f} and {by_case['with']['p99_ms']:.1f} ms",
                file=sys.stderr,
            )
    return {"latency_ms": latency_ms, "rates": rates, "waits": waits}


class _GroupHarness:
    """Runs the pool, with a fresh FIFO queue and a fresh process for each run."""

    def __init__(self, broker: RunningBroker, pool: Contender) -> None:
        self._broker = broker
        self._pool = pool
        self._numbers = count(1)

    def measure_rate(self, groups: int) -> Result:
        """Let the pool empty a queue on which every group has the same number of messages."""
        messages = groups * MESSAGES_PER_GROUP
        queue = self._create_queue()
        self._broker.fill(queue, count=messages, body=self._pool.body, groups=groups)
        self._broker.reset_stats()
        with runner_process(self._pool.command(queue, messages, None)) as consumer:
            output = read_result(consumer, self._pool.name)
        return Result(name=self._pool.name, requests=sum(self._broker.stats()["requests"].values()), **output)

    def measure_waits(self, seconds: float, *, poison: bool) -> dict[str, Any]:
        """Return the percentiles of the good groups' time from send to end, at a steady rate of messages."""
        queue = self._create_queue()
        rate = GOOD_GROUPS * MESSAGES_PER_GROUP_AND_SECOND
        messages = round(rate * seconds)
        self._broker.reset_stats()
        sender = [sys.executable, "-m", "bench.consumer.runners.sender", "--queue", queue]
        sender += ["--messages", str(messages), "--rate", str(rate), "--groups", str(GOOD_GROUPS)]
        sender += ["--poison", POISON] if poison else []
        with runner_process(self._pool.command(queue, messages, None)) as consumer:
            while not self._broker.stats()["requests"].get("ReceiveMessage"):
                time.sleep(0.05)
            with runner_process(sender) as sender_process:
                waits = read_result(consumer, self._pool.name)
                sender_process.wait()
        return waits

    def _create_queue(self) -> str:
        return self._broker.queue(f"bench-groups-{next(self._numbers)}.fifo", fifo=True, VisibilityTimeout="300")


def report(results: dict[str, Any]) -> str:
    """Return the results as text."""
    rates, waits = results["rates"], results["waits"]
    many_groups, one_group = [each["many"] for each in rates], [each["one"] for each in rates]
    ratios = [each["many"] / each["one"] for each in rates]
    changes = [each["with"]["p99_ms"] / each["without"]["p99_ms"] - 1 for each in waits]
    lines = [
        "",
        f"{HANDLER_SECONDS * 1000:.0f} ms a handler, {results['latency_ms']:.0f} ms more a call, n={len(rates)} rounds",
        "",
        f"{'':28}{'messages/s':>12}{'(min - max)':>24}",
        _row(f"{GROUPS} groups of {MESSAGES_PER_GROUP}", many_groups, ",.1f"),
        _row(f"one group of {MESSAGES_PER_GROUP}", one_group, ",.1f"),
        f"{_row('ratio', ratios, '.1f')}   goal {GOAL_RATIO} at least",
        "",
        f"{'send to done':28}{'p99 ms':>12}{'(min - max)':>24}{'p50 ms':>10}",
        *(
            _row(name, [each[key]["p99_ms"] for each in waits], ".1f")
            + f"{statistics.median(each[key]['p50_ms'] for each in waits):>10.1f}"
            for name, key in ((f"{GOOD_GROUPS} groups", "without"), ("and one that always fails", "with"))
        ),
        f"{_row('change of p99', changes, '+.1%')}   goal {GOAL_CHANGE:.0%} at most",
        "",
        f"n={waits[0]['with']['waits']} for each percentile, {MESSAGES_PER_GROUP_AND_SECOND} messages/s in each group",
    ]
    failed = [each["with"]["failed"] for each in waits]
    lines.append(f"failed attempts of the bad group: {min(failed)} - {max(failed)} in a run")
    return "\n".join(lines)


def _row(name: str, values: Sequence[float], number_format: str) -> str:
    spread = f"({min(values):{number_format}} - {max(values):{number_format}})"
    return f"{name:28}{format(statistics.median(values), number_format):>12}{spread:>24}"
