"""Everything around the pool: queue, tables, bucket, management endpoint, model and ingress."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import yaml

from api_gateway_ws.wiring import build_ingress
from bench.chat.marks import MarkBook
from bench.chat.model import ModelStub, Pace
from bench.chat.services import BucketStub, ManagementStub, TablesStub, build_etag, serve
from bench.chat.tables import KEYS
from bench.chat.visitors import TENANT, IngressThreads, Visitors
from infra.aws import EMULATOR_CREDENTIALS, REGION
from infra.local.seed import TENANTS
from shared.tenants.edge_profile import FILE, compile_edge_profile
from shared.tenants.parse import parse_profile
from tests.broker.process import running_broker

BUCKET = "knowledge"
_LIMITS = {"daily_output_tokens": 10**9, "daily_dollars": 100_000, "monthly_dollars": 900_000, "answer_seconds": 90}
"""So high that no message of the benchmark is refused. The caps are counted all the same."""


@dataclass(frozen=True, slots=True)
class World:
    """The parts that are watched, and how the processes find them."""

    book: MarkBook
    tables: TablesStub
    management: ManagementStub
    model: ModelStub
    visitors: Visitors
    environment: Mapping[str, str]
    broker_pid: int


@asynccontextmanager
async def open_world(*, table_latency_ms: float, post_latency_ms: float, pace: Pace) -> AsyncIterator[World]:
    """Start everything but the pool, and stop it at the end."""
    book = MarkBook()
    tables, model = TablesStub(latency_ms=table_latency_ms), ModelStub(book, pace)
    visitors = Visitors(book, tables.tables, IngressThreads(build_ingress))
    management = ManagementStub(visitors.hear_frame, latency_ms=post_latency_ms)
    with running_broker() as broker:
        # High throughput, as in the template.
        fifo = {"fifo": True, "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
        queues = {f"{name}_URL": broker.queue(f"{name}.fifo", **fifo) for name in ("CHAT_QUEUE", "CHAT_DLQ")}
        async with (
            serve(tables.handle) as tables_url,
            serve(BucketStub(_read_tenant()).handle) as bucket_url,
            serve(management.handle) as management_url,
            serve(model.handle) as model_url,
        ):
            environment = {
                **EMULATOR_CREDENTIALS,
                "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION,
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_ENDPOINT_URL_SQS": broker.url,
                "AWS_ENDPOINT_URL_DYNAMODB": tables_url,
                "AWS_ENDPOINT_URL_S3": bucket_url,
                "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": model_url,
                "WEBSOCKET_ENDPOINT": f"{management_url}/live",
                "KNOWLEDGE_BUCKET": BUCKET,
                **queues,
                "BOOKING_QUEUE_URL": queues["CHAT_QUEUE_URL"],
                "SESSION_KEY_SECRET_ID": "unused",
                "RATE_LIMITS": "session=999999,address=999999,business=999999",
                **{f"{name.removesuffix('Table').upper()}_TABLE": name for name in KEYS},
            }
            # The ingress of this process logs as deployed, but only what went wrong would be read.
            os.environ |= {**environment, "LOG_LEVEL": "WARNING"}
            yield World(book, tables, management, model, visitors, environment, broker.pid)


def _read_tenant() -> dict[str, bytes]:
    """Return the objects of the demo business, with limits that the benchmark does not reach."""
    folder = TENANTS / TENANT
    objects = {f"{TENANT}/{path.name}": path.read_bytes() for path in folder.iterdir()}
    profile = yaml.safe_load(objects[f"{TENANT}/profile.yaml"])
    profile["limits"] = {**profile.get("limits", {}), **_LIMITS}
    content = yaml.safe_dump(profile, allow_unicode=True, sort_keys=False)
    compiled = compile_edge_profile(parse_profile(content), source_etag=build_etag(content.encode()))
    return objects | {f"{TENANT}/profile.yaml": content.encode(), f"{TENANT}/{FILE}": compiled.encode()}
