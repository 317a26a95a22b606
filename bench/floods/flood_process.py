"""Sends floods from a process of its own: `python -m bench.floods.flood_process`, one order and one result a line.

The ingress and the authorizer in it are the real ones; each thread is one environment of a function. Frames are due at
a steady rate, whatever becomes of them: one that is late is sent at once, and by how much it was late is reported.
"""

import json
import os
import queue
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import boto3

from api_gateway_ws.authorizer_events import authorize_event
from api_gateway_ws.authorizer_wiring import build_authorizer
from api_gateway_ws.ingress_events import serve_event
from api_gateway_ws.wiring import build_ingress
from bench.chat.clock import find_percentile, read_ms
from bench.floods.events import build_authorizer_event, build_connect_event, build_frame_event
from bench.floods.floods import CROWDS, Flooder, FloodFrames, build_request, list_flooders
from shared.aws.items import to_item
from shared.ids import derive_command_key, derive_id
from shared.verification_codes import derive_verification_code

ENVIRONMENTS = 16
NICENESS = 10
"""The environments of the flood have processors of their own on AWS; here they get what the others leave."""
_HISTORY_FRAMES, _HISTORY_CHARACTERS = 10, 3000
_MAX_MOVERS = 10
_STEP_SECONDS = 1.5
"""For the pools, until the booking of each mover is held, and until it is confirmed."""


@dataclass
class Flood:
    """One flood, from its preparation to its result."""

    order: dict[str, Any]
    flooders: list[Flooder]
    frames: FloodFrames
    late_ms: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    posted_bytes: int = 0


class Environments:
    """Threads that serve events, each with an ingress and an authorizer of its own, as environments of functions."""

    def __init__(self, count: int) -> None:
        self._events: queue.SimpleQueue[tuple[float, Any] | None] = queue.SimpleQueue()
        self._flood: Flood | None = None
        self._done = threading.Semaphore(0)
        self._count = count
        for _ in range(count):
            threading.Thread(target=self._serve, daemon=True).start()

    def use(self, flood: Flood) -> None:
        """Note the answers to later events with this flood."""
        self._flood = flood

    def put(self, due_ms: float, event: Any) -> None:
        """Serve an event, or a flooder's next frame, as soon as a thread is free."""
        self._events.put((due_ms, event))

    def drop_waiting(self) -> int:
        """Drop what no thread has begun; return how much it was."""
        dropped = 0
        while True:
            try:
                self._events.get_nowait()
            except queue.Empty:
                return dropped
            self._done.release()
            dropped += 1

    def wait(self, count: int) -> None:
        """Wait until so many events have ended."""
        for _ in range(count):
            self._done.acquire()

    def _serve(self) -> None:
        ingress, authorizer = build_ingress(), build_authorizer()
        while (received := self._events.get()) is not None:
            due_ms, event = received
            flood = self._flood
            try:
                if due_ms and flood:
                    flood.late_ms.append(max(0.0, read_ms() - due_ms))
                if isinstance(event, Flooder) and flood:
                    flood.answers[_send_next(flood, event, ingress, authorizer)] += 1
                else:
                    serve_event(event, ingress)
            except Exception as error:  # noqa: BLE001 - a thread that ends would be missed
                if flood:
                    flood.answers[f"failed: {type(error).__name__}"] += 1
            finally:
                self._done.release()


def _send_next(flood: Flood, flooder: Flooder, ingress: Any, authorizer: Any) -> str:
    """Send the next frame of a flooder, or open one more connection; return what the answer was."""
    names = {"tenant": flooder.tenant, "source_ip": flooder.source_ip}
    if flood.order["what"] == "connects":
        policy = authorize_event(build_authorizer_event(**names), authorizer)
        if policy["policyDocument"]["Statement"][0]["Effect"] != "Allow":
            return "denied"
        grant = dict(policy["context"])
        event = build_connect_event(connection_id=grant["session_id"], **(names | grant))
        serve_event(event, ingress)
        return "RATE_LIMITED" if "limited_until" in grant else "accepted"
    body = flood.frames.build(flooder)
    answer = serve_event(_build_event(flooder, body), ingress)
    frame = json.loads(answer.get("body") or "{}")
    return frame["data"]["code"] if frame.get("type") == "error" else "accepted"


def _build_event(flooder: Flooder, body: str) -> dict[str, Any]:
    return build_frame_event(
        body,
        tenant=flooder.tenant,
        session_id=flooder.session_id,
        connection_id=flooder.connection_id,
        source_ip=flooder.source_ip,
    )


def prepare(order: dict[str, Any], environments: Environments) -> Flood:
    """Connect the flooders, and give them what they need: a conversation, or visits."""
    crowd = next(each for each in CROWDS if each.name == order["crowd"])
    flooders = list_flooders(crowd, order["tenant"])
    flood = Flood(order, flooders, FloodFrames(order["what"], order["starts"], {}))
    environments.use(flood)
    for flooder in flooders:
        event = build_connect_event(
            tenant=flooder.tenant,
            session_id=flooder.session_id,
            connection_id=flooder.connection_id,
            source_ip=flooder.source_ip,
        )
        environments.put(0, event)
    environments.wait(len(flooders))
    if order["what"] == "hellos":
        _store_conversations(flooders[:100])
    if order["what"] == "moves":
        _book_visits(flood, environments)
    return flood


def _store_conversations(flooders: list[Flooder]) -> None:
    client = boto3.client("dynamodb")
    for flooder in flooders:
        for seq in range(1, _HISTORY_FRAMES + 1):
            text = "x" * _HISTORY_CHARACTERS
            frame = {"v": 1, "type": "chat.final", "seq": seq, "re": f"m{seq}", "data": {"text": text, "actions": []}}
            row = {"session_id": flooder.session_id, "seq": seq, "frame": json.dumps(frame)}
            client.put_item(TableName=os.environ["CONVERSATIONS_TABLE"], Item=to_item(row))


def _book_visits(flood: Flood, environments: Environments) -> None:
    """Book and confirm a visit for some of the flooders, over the whole path."""
    secret_id = os.environ["CODE_KEY_SECRET_ID"]
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=secret_id)["SecretString"].encode()
    # Of later days than those that the visits are moved to.
    movers, starts = flood.flooders[:_MAX_MOVERS], flood.order["own_starts"]
    for kind in ("booking.create", "booking.verify"):
        for flooder in movers:
            key = derive_command_key(flooder.tenant, flooder.session_id, "own")
            visit = derive_id(key, "appointment")
            if kind == "booking.create":
                name = f"{flooder.tenant}-mover-{flooder.number}"
                frame = {"id": "own", "data": build_request(starts[flooder.number % len(starts)], name)}
            else:
                code = derive_verification_code(secret, visit, 1)
                frame = {"id": "own-code", "data": {"appointment_id": visit, "code": code}}
                flood.frames.visits[flooder.number] = [visit]
            environments.put(0, _build_event(flooder, json.dumps({"v": 1, "type": kind, **frame})))
        environments.wait(len(movers))
        time.sleep(_STEP_SECONDS)


def run(flood: Flood, environments: Environments) -> dict[str, Any]:
    """Send frames at the rate of the order for its time, and return what became of them."""
    order, flooders = flood.order, flood.flooders
    count, interval_ms = round(order["rate"] * order["seconds"]), 1000 / order["rate"]
    flood.answers.clear()
    cpu, began = time.process_time(), read_ms()
    for number in range(count):
        due = began + number * interval_ms
        if (early := due - read_ms()) > 0:
            time.sleep(early / 1000)
        elif -early > order["seconds"] * 1000:
            break
        environments.put(due, flooders[number % len(flooders)])
    dropped = environments.drop_waiting()
    environments.wait(count)
    seconds = (read_ms() - began) / 1000
    return {
        "sent": count - dropped,
        "dropped": dropped,
        "per_second": round((count - dropped) / seconds),
        "answers": dict(flood.answers),
        "lag_ms": [round(find_percentile(flood.late_ms, percent), 1) for percent in (50, 95, 100)],
        "cpu_seconds": round(time.process_time() - cpu, 2),
    }


def main() -> None:
    """Carry out the orders."""
    os.nice(NICENESS)
    environments = Environments(ENVIRONMENTS)
    print("result {}", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        flood = prepare(order, environments)
        print("result", json.dumps({"prepared": len(flood.flooders)}), flush=True)
        if sys.stdin.readline():
            print("result", json.dumps(run(flood, environments)), flush=True)


if __name__ == "__main__":
    main()
