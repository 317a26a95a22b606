"""How long a visitor waits on the whole path, on a local stack: `python bench/path.py`.

The stand-in for the model begins at once and says 100 tokens a second, so what comes before is ours and the
emulator's. The emulator serves one WebSocket frame at a time, so this measures waits, not throughput.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from infra.local.stack import Options, local_stack
from tests.e2e.booking import free_slot, fresh_address
from tests.e2e.visitor import Visit, Visitor

Waits = dict[str, list[float]]


async def timed(visitor: Visitor, kind: str, data: dict, marks: dict[str, str], waits: Waits) -> dict:
    """Send a command and record, in milliseconds, when each kind of frame in `marks` first came."""
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
    """Return the waits of `rounds` conversations, one after the other."""
    waits: Waits = defaultdict(list)
    for number in range(rounds + 2):
        seen: Waits = waits if number > 1 else defaultdict(list)  # the first two warm caches up
        started = time.perf_counter()
        async with visit(greet=False) as visitor:
            await visitor.hello()
            seen["connect and welcome"].append((time.perf_counter() - started) * 1000)
            marks = {
                "ack": "chat.send to ack",
                "chat.sent": "chat.send to chat.sent",
                "chat.delta": "chat.send to first words",
                "chat.final": "chat.send to chat.final",
            }
            await timed(visitor, "chat.send", {"text": "How much is a sports massage?"}, marks, seen)
            await timed(visitor, "booking.slots", {"days": 14}, {"booking.slots": "booking.slots"}, seen)
            slot = await free_slot(visitor)
            wish = {"start": slot["start"], "service": slot["service"], "contact": fresh_address()}
            marks = {"ack": "booking.create to ack", "booking.pending": "booking.create to booking.pending"}
            held = await timed(visitor, "booking.create", wish, marks, seen)
            cancel = {"appointment_id": held["data"]["appointment_id"]}
            await timed(visitor, "booking.cancel", cancel, {"booking.cancelled": "booking.cancel"}, seen)
    return waits


def main() -> None:
    """Run the stack and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30, help="conversations that count (default: 30)")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        pace = ("--tokens-per-second", "100", "--first-token-ms", "0")
        with local_stack(Options(folder=Path(folder), site=False, desk=False, bedrock_arguments=pace)) as stack:
            found = stack.describe()
            visit = Visit(found["websocket_url"], found["tenant"], found["site_url"])
            waits = asyncio.run(measure(visit, rounds))
    print(f"{'milliseconds':36}{'p50':>8}{'p95':>8}{'max':>8}   n={rounds}")
    for name, values in waits.items():
        p95 = statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]
        print(f"{name:36}{statistics.median(values):8.0f}{p95:8.0f}{max(values):8.0f}")


if __name__ == "__main__":
    main()
