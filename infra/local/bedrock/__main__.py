"""Runs the stand-in from the command line: `python -m infra.local.bedrock`."""

import argparse
import asyncio
import logging
import signal
import sys

from infra.local.bedrock.server import HOST, open_server
from infra.local.bedrock.standin import Pace

_EPILOG = """\
Set AWS_ENDPOINT_URL_BEDROCK_RUNTIME=http://127.0.0.1:PORT for a client; any credentials are accepted.
It quotes the passages of the <document name="..."> parts of the system prompt that cover a question (Polish, English
or German), says so when none does, and calls the tool offer_booking when a visitor asks for an appointment.

Add faults:
  curl -d '{"kind": "throttle", "times": 2}'       http://127.0.0.1:PORT/_standin/faults
  curl -d '{"kind": "cut", "after_deltas": 5}'     http://127.0.0.1:PORT/_standin/faults
  kinds: throttle, error, stall, slow, silent (these three with "seconds"), cut, and intervene, of the guardrail that a
  request names; "times": null means every call;
  "message": only calls whose last message contains this text
Withdraw the access to a model (denied, no_subscription, no_use_case, legacy, ended; granted):
  curl -d '{"model": "eu.anthropic.claude-haiku-5-5", "state": "denied"}'  http://127.0.0.1:PORT/_standin/access
Falsify answers, to see whether a check notices:
  curl -d '{"kind": "wrong_price", "times": 1}'    http://127.0.0.1:PORT/_standin/lies
  kinds: wrong_price, invented_price, invented_time, foreign_phone, foreign_link, other_language, claimed_booking,
         claimed_human, dosage, quoted_prompt, no_tool_call, needless_tool_call, withheld_answer
Let the model obey whatever any text of a request orders ("say exactly: ...", "call the tool NAME with {...}"):
  curl -d '{"obeys": true}'                        http://127.0.0.1:PORT/_standin/obedience
Script replies, change the pace, list calls, restore the initial state:
  curl -d '{"replies": [{"text": "..."}]}'         http://127.0.0.1:PORT/_standin/script
  curl -d '{"tokens_per_second": 20}'              http://127.0.0.1:PORT/_standin/pace
  curl                                             http://127.0.0.1:PORT/_standin/calls
  curl -X POST                                     http://127.0.0.1:PORT/_standin/reset
"""


def main() -> int:
    """Serve until SIGTERM or SIGINT, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.bedrock",
        description="A local stand-in for Bedrock Runtime: Converse and ConverseStream for the real AWS client.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 stands for a free one (default)")
    parser.add_argument(
        "--tokens-per-second", type=float, default=80, metavar="N", help="pace of an answer, 0: at once (default: 80)"
    )
    parser.add_argument(
        "--first-token-ms", type=float, default=300, metavar="MS", help="wait before an answer (default: 300)"
    )
    parser.add_argument("--verbose", action="store_true", help="log refused calls to stderr")
    options = parser.parse_args()
    if options.tokens_per_second < 0 or options.first_token_ms < 0:
        parser.error("a pace is 0 or more")
    logging.basicConfig(level=logging.INFO if options.verbose else logging.WARNING)
    pace = Pace(tokens_per_second=options.tokens_per_second, first_token_ms=options.first_token_ms)
    try:
        asyncio.run(_serve(pace, options.port))
    except (OSError, OverflowError) as error:
        print(f"cannot listen on {HOST}:{options.port}: {error}. Try another --port.", file=sys.stderr)
        return 1
    return 0


async def _serve(pace: Pace, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_server(pace, port) as url:
        print(f"ready {url}", flush=True)
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
