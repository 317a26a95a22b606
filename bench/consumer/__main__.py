"""Measures consumers of a queue side by side: `python -m bench.consumer`; our own alone with `latency` or `fifo`."""

import argparse
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.consumer import fifo, latency
from bench.consumer.contenders import CONTENDERS
from bench.consumer.emulator import dynamodb
from bench.consumer.rounds import Rounds
from bench.consumer.run import Course, RunError
from bench.consumer.table import table
from tests.broker.process import running_broker

_NAMES = [one.name for one in CONTENDERS]
_EPILOG = f"""\
Consumers: {", ".join(_NAMES)}.
Each run is a fresh process that empties a fresh queue of a broker of our own; handlers do nothing. All of them run
on asyncio's own loop: taskiq would take uvloop if it were there, and its requirements do not bring it.

examples:
  python -m bench.consumer
  python -m bench.consumer --only pool,aiobotocore --rounds 9 --json before.json
  python -m bench.consumer --fifo --only pool
  python -m bench.consumer latency --latency-ms 25
  python -m bench.consumer fifo --rounds 7    many groups against one, and 99 groups beside one that always fails
"""


def main() -> int:
    """Measure and print; give the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.consumer",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("mode", nargs="?", choices=("throughput", "latency", "fifo"), default="throughput")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count (default: 5)")
    parser.add_argument(
        "--seconds", type=float, help="of a run (default: 4), or of sending (`latency`: 20, `fifo`: 10)"
    )
    parser.add_argument("--only", metavar="A,B", help="only these consumers")
    parser.add_argument("--fifo", action="store_true", help="use a FIFO queue with 1000 groups")
    parser.add_argument("--latency-ms", type=float, metavar="MS", help="add this to every call (`latency`: 10)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run there, too")
    options = parser.parse_args()
    only = options.only.split(",") if options.only else _NAMES
    if unknown := set(only) - set(_NAMES):
        parser.error(f"no such consumer: {', '.join(sorted(unknown))}; there are {', '.join(_NAMES)}")
    if options.rounds < 1:
        parser.error("--rounds is 1 or more")
    try:
        match options.mode:
            case "latency":
                found = _latency(options)
            case "fifo":
                found = _fifo(options)
            case _:
                found = _throughput(options, only)
    except RunError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0


def _latency(options: argparse.Namespace) -> dict[str, Any]:
    found = latency.measure(
        latency_ms=10 if options.latency_ms is None else options.latency_ms,
        seconds=options.seconds or 20,
        rounds=options.rounds,
    )
    print(latency.report(found))
    return found


def _fifo(options: argparse.Namespace) -> dict[str, Any]:
    found = fifo.measure(latency_ms=options.latency_ms or 0, seconds=options.seconds or 10, rounds=options.rounds)
    print(fifo.report(found))
    return found


def _throughput(options: argparse.Namespace, only: list[str]) -> dict[str, Any]:
    chosen = [one for one in CONTENDERS if one.name in only]
    with ExitStack() as stack:
        broker = stack.enter_context(running_broker(latency_ms=options.latency_ms or 0))
        dynamodb_url = stack.enter_context(dynamodb()) if any(one.needs_dynamodb for one in chosen) else None
        rounds = Rounds(Course(broker, dynamodb_url, fifo=options.fifo), chosen, seconds=options.seconds or 4)
        rounds.warm_up()
        results = rounds.run(options.rounds)
    if results[0]:
        print(table(results, {one.name: one.what for one in chosen}))
    for name, reason in rounds.skipped.items():
        print(f"{name}: not measured: {reason}")
    return {"rounds": [[one.as_json() for one in each] for each in results], "skipped": rounds.skipped}


if __name__ == "__main__":
    sys.exit(main())
