"""Measures how long a visitor waits for each step of a conversation, on a local stack: `python bench/path.py`.

The stand-in for the model starts its answer without delay and sends 100 tokens a second, so the time before the first
token is that of our code and of the emulator. The emulator serves one WebSocket frame at a time, so this measures
latency, not throughput.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from infra.local.stack import Options, open_local_stack
from tests.e2e.booking import free_slot, fresh_address
from tests.e2e.visitor import Visit, Visitor

Waits = dict[str, list[float]]


async def time_command(visitor: Visitor, kind: str, data: dict, marks: dict[str, str], waits: Waits) -> dict:
    """Send a command and record, in milliseconds, when the first frame of each type in `marks` arrived."""
    started = time.perf_counter()
    sent = await visitor.send(kind, data)
    missing = dict(marks)
    while True:
        frame = await visitor.receive()
        if frame.get("re") == sent and (name := missing.pop(frame["type"], None)):
            waits[name].append((time.perf_counter() - started) * 1000)
        if frame.get("re") == sent and not missing:
            return frame
        if frame["type"] == "error" and frame.get("re") == sent:
            raise SystemExit(f"refused: {frame['data']}")


async def measure(visit: Visit, rounds: int) -> Waits:
    """Return the waits in `rounds` conversations, which run one after another."""
    waits: Waits = defaultdict(list)
    for number in range(rounds + 2):
        round_waits: Waits = waits if number > 1 else defaultdict(list)  # the first two fill caches
        started = time.perf_counter()
        async with visit(greet=False) as visitor:
            await visitor.hello()
            round_waits["connect and welcome"].append((time.perf_counter() - started) * 1000)
            marks = {
                "ack": "chat.send to ack",
                "chat.sent": "chat.send to chat.sent",
                "chat.delta": "chat.send to first chat.delta",
                "chat.final": "chat.send to chat.final",
            }
            await time_command(visitor, "chat.send", {"text": "How much is a sports massage?"}, marks, round_waits)
            await time_command(visitor, "booking.slots", {"days": 14}, {"booking.slots": "booking.slots"}, round_waits)
            slot = await free_slot(visitor)
            request = {"start": slot["start"], "service": slot["service"], "contact": fresh_address()}
            marks = {"ack": "booking.create to ack", "booking.pending": "booking.create to booking.pending"}
            held = await time_command(visitor, "booking.create", request, marks, round_waits)
            cancel = {"appointment_id": held["data"]["appointment_id"]}
            await time_command(visitor, "booking.cancel", cancel, {"booking.cancelled": "booking.cancel"}, round_waits)
    return waits


def main() -> None:
    """Run the stack, measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30, help="conversations that count (default: 30)")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        bedrock_arguments = ("--tokens-per-second", "100", "--first-token-ms", "0")
        with open_local_stack(
            Options(folder=Path(folder), site=False, desk=False, bedrock_arguments=bedrock_arguments)
        ) as stack:
            description = stack.describe()
            visit = Visit(description["websocket_url"], description["tenant"], description["site_url"])
            waits = asyncio.run(measure(visit, rounds))
    print(f"{'milliseconds':36}{'p50':>8}{'p95':>8}{'max':>8}   n={rounds}")
    for name, values in waits.items():
        p95 = statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]
        print(f"{name:36}{statistics.median(values):8.0f}{p95:8.0f}{max(values):8.0f}")


if __name__ == "__main__":
    main()
