"""The system under test: real ingress code, the real pools, and queues and tables of one of two kinds.

*fast*: the broker of the tests and tables in memory, each a process. *emulator*: the queues and tables of the local
stack. Bucket, secrets and the stand-in for Google Calendar are the local stack's in both.
"""

import asyncio
import json
import os
import sys
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import boto3
import yaml

from api_gateway_ws.wiring import build_ingress
from bench.chat.marks import MarkBook
from bench.chat.model import Pace as ModelPace
from bench.chat.services import ManagementStub, serve
from bench.chat.tables import KEYS
from bench.chat.visitors import IngressThreads
from bench.floods.events import ORIGIN
from bench.floods.stubs import CountingModel, MailStub
from bench.floods.visitors import Visitors
from infra.local.google_calendar.control import CONTROL_PATH
from infra.local.seed import TENANTS
from infra.local.stack import Options, Stack, open_local_stack
from infra.local.stand_ins import find_ready_address
from shared.tenants.edge_profile import FILE, compile_edge_profile
from shared.tenants.parse import parse_profile
from tests.broker.process import RunningBroker, running_broker

Kind = Literal["fast", "emulator"]
POOLS = ("chat", "booking", "notifications")
DEMO = "studio-lumen"
TABLE_MS = 4.0
ANSWER = ModelPace(first_token_ms=300, events=40, events_per_second=9)
"""An answer of 4.8 seconds."""
_CAPS = {"daily_output_tokens": 10**9, "daily_dollars": 100_000, "monthly_dollars": 900_000}
"""So high that a flood costs what the guards let through, rather than what the cap of the day allows."""
_FIFO = {"fifo": True, "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}


@dataclass
class World:
    """The running system, and what is watched."""

    kind: Kind
    stack: Stack
    book: MarkBook
    model: CountingModel
    mail: MailStub
    visitors: Visitors
    environment: Mapping[str, str]

    def open_businesses(self, *names: str) -> None:
        """Upload copies of the demo business, each with a calendar of its own."""
        s3 = boto3.client("s3")
        for name in names:
            self._call_calendar("calendars", {"id": f"{name}@calendar.example", "timeZone": "Europe/Warsaw"})
            for path in (TENANTS / DEMO).iterdir():
                if path.name != "profile.yaml":
                    s3.put_object(Bucket=self.stack.bucket, Key=f"{name}/{path.name}", Body=path.read_bytes())
            profile = yaml.safe_load((TENANTS / DEMO / "profile.yaml").read_text(encoding="utf-8"))
            profile |= {"calendar_id": f"{name}@calendar.example", "allowed_origins": [ORIGIN]}
            profile["limits"] = profile.get("limits", {}) | _CAPS
            content = yaml.safe_dump(profile, allow_unicode=True, sort_keys=False)
            etag = s3.put_object(Bucket=self.stack.bucket, Key=f"{name}/profile.yaml", Body=content.encode())["ETag"]
            compiled = compile_edge_profile(parse_profile(content), source_etag=etag)
            s3.put_object(Bucket=self.stack.bucket, Key=f"{name}/{FILE}", Body=compiled.encode())

    def count_google_calls(self) -> int:
        """Return how many calls the stand-in for Google Calendar has received."""
        return int(self._call_calendar("calls")["total"])

    def read_nano_dollars(self, tenant: str) -> int:
        """Return what the model has cost a business, in billionths of a dollar."""
        rows = boto3.client("dynamodb").query(
            TableName=self.environment["USAGE_TABLE"],
            KeyConditionExpression="tenant = :tenant",
            ExpressionAttributeValues={":tenant": {"S": tenant}},
        )["Items"]
        return sum(int(row["nano_dollars"]["N"]) for row in rows if "nano_dollars" in row)

    def purge_queues(self) -> None:
        """Drop what a flood has left on the queues."""
        sqs = boto3.client("sqs")
        for name in ("CHAT", "BOOKING", "NOTIFICATIONS", "CODES"):
            sqs.purge_queue(QueueUrl=self.environment[f"{name}_QUEUE_URL"])

    def _call_calendar(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        url = self.stack.stand_ins.calendar_url.replace("/calendar/v3/", f"{CONTROL_PATH}/{path}")
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(url, data=data)) as answer:  # noqa: S310 - a local address
            content: dict[str, Any] = json.loads(answer.read())
            return content


@asynccontextmanager
async def open_world(kind: Kind, folder: Path, settings: Mapping[str, str]) -> AsyncIterator[World]:
    """Start everything, and stop it at the end; `settings` override variables of ingress and pools."""
    async with AsyncExitStack() as exits:
        options = Options(folder=folder, site=False, desk=False, pools=())
        stack = exits.enter_context(open_local_stack(options))
        book = MarkBook()
        model = CountingModel(book, ANSWER)
        visitors = Visitors(book, IngressThreads(build_ingress, instances=8))
        mail = MailStub(visitors.hear_mail)
        management = ManagementStub(visitors.hear_frame)
        urls = {
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": await exits.enter_async_context(serve(model.handle)),
            "AWS_ENDPOINT_URL_SESV2": await exits.enter_async_context(serve(mail.handle)),
            "WEBSOCKET_ENDPOINT": f"{await exits.enter_async_context(serve(management.handle))}/live",
        }
        if kind == "fast":
            urls |= _start_fast_parts(stack, exits.enter_context(running_broker()))
        environment = {
            **stack.worker_environment,
            **urls,
            "SESSION_KEY_SECRET_ID": stack.outputs.get("SessionKeySecretId", ""),
            "LOG_LEVEL": "WARNING",
            "RATE_LIMITS": "",
            "HOLDS_PER_ADDRESS": "5",
            "HELD_SHARE_PERCENT": "50",
            "GOOGLE_REQUESTS_PER_MINUTE": "600",
            "POOL_ADDRESS_SHARE": "0.5",
            **settings,
        }
        # The ingress of this process, and boto3.
        os.environ |= environment
        for pool in POOLS:
            await asyncio.to_thread(stack.start_pool, pool, **{**environment, "LOG_LEVEL": "INFO"})
        yield World(kind, stack, book, model, mail, visitors, environment)


def _start_fast_parts(stack: Stack, broker: RunningBroker) -> dict[str, str]:
    """Start the tables and make the queues; return the variables that lead to them."""
    command = [sys.executable, "-m", "bench.floods.tables", "--latency-ms", f"{TABLE_MS:g}"]
    tables = stack.children.start("tables", command, {**stack.worker_environment}, stage=1)
    urls = {
        "AWS_ENDPOINT_URL_SQS": broker.url,
        "AWS_ENDPOINT_URL_DYNAMODB": tables.wait_for_output(find_ready_address, timeout_seconds=30),
        **{f"{name.removesuffix('Table').upper()}_TABLE": name for name in KEYS},
    }
    for name in ("chat", "booking"):
        for part in ("queue", "dlq"):
            urls[f"{name}_{part}_url".upper()] = broker.queue(f"{name}-{part}.fifo", **_FIFO)
    for name in ("notifications_queue", "notifications_dlq", "codes_queue", "feedback_queue"):
        urls[f"{name}_url".upper()] = broker.queue(name)
    return urls
