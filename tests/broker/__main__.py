"""Runs the broker: `python -m tests.broker --port 0` prints its address as one line of JSON."""

import argparse
import asyncio
import gc
import json
import signal
import sys

from infra.local.ports import HOST
from tests.broker.server import Options, serving

_EPILOG = """\
It implements the JSON protocol of SQS and accepts any credentials. All state is in memory.
Its control routes:
  curl -d '{"queue": "chat", "count": 300000, "body": "{\\"id\\": \\"{n}\\"}"}' URL/_broker/fill
  curl URL/_broker/stats
  curl -X POST URL/_broker/stats/reset
  curl -d '[{"action": "DeleteMessageBatch", "kind": "fail_entries", "every": 10}]' URL/_broker/faults
  curl -X DELETE URL/_broker/faults
Kinds of faults: throttle, error500, silent (never answered), reset, fail_entries, latency (with "milliseconds").
"action" is * by default; "every" affects the first and then each n-th call, "probability" a random part of them,
"times" limits their number;
"applied": true carries the call out and drops its answer.
"""


def main() -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.broker",
        description="A fast SQS in one process, for load and for faults.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one (default)")
    parser.add_argument("--latency-ms", type=float, default=0, metavar="MS", help="added to every call (default: 0)")
    parser.add_argument("--seed", type=int, metavar="N", help="seed of random faults")
    parser.add_argument("--with-stdin", action="store_true", help="exit when standard input is closed")
    chosen = parser.parse_args()
    if chosen.latency_ms < 0:
        parser.error("latency is 0 or more")
    # A garbage collection of a million messages takes a second, and they are in no reference cycle.
    gc.disable()
    options = Options(port=chosen.port, latency_ms=chosen.latency_ms, seed=chosen.seed)
    try:
        asyncio.run(_run(options, with_stdin=chosen.with_stdin))
    except (OSError, OverflowError) as error:
        print(f"cannot listen on {HOST}:{chosen.port}: {error}. Try another --port.", file=sys.stderr)
        return 1
    return 0


async def _run(options: Options, *, with_stdin: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if with_stdin:
        # Nothing is written to it, so it becomes readable when its other end is closed.
        loop.add_reader(sys.stdin.fileno(), stop.set)
    async with serving(options) as address:
        print(json.dumps({"url": address}), flush=True)
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
