"""Measures queue consumers side by side: `python -m bench.consumer`; `latency` and `fifo` measure ours alone."""

import argparse
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.consumer import fifo, latency
from bench.consumer.contenders import CONTENDERS
from bench.consumer.emulator import running_dynamodb
from bench.consumer.harness import Harness, RunError
from bench.consumer.report import throughput_report
from bench.consumer.rounds import Rounds
from tests.broker.process import running_broker

_NAMES = [contender.name for contender in CONTENDERS]
_EPILOG = f"""\
Consumers: {", ".join(_NAMES)}.
Each run starts a fresh process that empties a fresh queue of our test broker; handlers do nothing. All of them but
our pool run on asyncio's own event loop: taskiq would use uvloop, but its requirements do not include it.

examples:
  python -m bench.consumer
  python -m bench.consumer --only pool,aiobotocore --rounds 9 --json before.json
  python -m bench.consumer --fifo --only pool
  python -m bench.consumer latency --latency-ms 25
  python -m bench.consumer fifo --rounds 7    many groups against one, and 99 groups beside one that always fails
"""


def main() -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.consumer",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("mode", nargs="?", choices=("throughput", "latency", "fifo"), default="throughput")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count (default: 5)")
    parser.add_argument(
        "--seconds", type=float, help="length of a run (default: 4), or of sending (`latency`: 20, `fifo`: 10)"
    )
    parser.add_argument("--only", metavar="A,B", help="only these consumers")
    parser.add_argument("--fifo", action="store_true", help="use a FIFO queue with 1000 groups")
    parser.add_argument("--latency-ms", type=float, metavar="MS", help="add this to every call (`latency`: 10)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every run to this file")
    options = parser.parse_args()
    chosen_names = options.only.split(",") if options.only else _NAMES
    if unknown := set(chosen_names) - set(_NAMES):
        parser.error(f"no such consumer: {', '.join(sorted(unknown))}; there are {', '.join(_NAMES)}")
    if options.rounds < 1:
        parser.error("--rounds is 1 or more")
    try:
        match options.mode:
            case "latency":
                results = _measure_latency(options)
            case "fifo":
                results = _measure_fifo(options)
            case _:
                results = _measure_throughput(options, chosen_names)
    except RunError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    if options.json:
        options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    return 0


def _measure_latency(options: argparse.Namespace) -> dict[str, Any]:
    results = latency.measure(
        latency_ms=10 if options.latency_ms is None else options.latency_ms,
        seconds=options.seconds or 20,
        rounds=options.rounds,
    )
    print(latency.report(results))
    return results


def _measure_fifo(options: argparse.Namespace) -> dict[str, Any]:
    results = fifo.measure(latency_ms=options.latency_ms or 0, seconds=options.seconds or 10, rounds=options.rounds)
    print(fifo.report(results))
    return results


def _measure_throughput(options: argparse.Namespace, names: list[str]) -> dict[str, Any]:
    chosen = [contender for contender in CONTENDERS if contender.name in names]
    with ExitStack() as stack:
        broker = stack.enter_context(running_broker(latency_ms=options.latency_ms or 0))
        needs_dynamodb = any(contender.needs_dynamodb for contender in chosen)
        dynamodb_url = stack.enter_context(running_dynamodb()) if needs_dynamodb else None
        rounds = Rounds(Harness(broker, dynamodb_url, fifo=options.fifo), chosen, seconds=options.seconds or 4)
        rounds.warm_up()
        results = rounds.run(options.rounds)
    if results[0]:
        print(throughput_report(results, {contender.name: contender.description for contender in chosen}))
    for name, reason in rounds.skipped.items():
        print(f"{name}: not measured: {reason}")
    return {
        "rounds": [[result.as_json() for result in round_results] for round_results in results],
        "skipped": rounds.skipped,
    }


if __name__ == "__main__":
    sys.exit(main())
