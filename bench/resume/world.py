"""Everything around resumed conversations: two pools that can be killed, and stubs that notice when to kill them."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from api_gateway_ws.authorizer_wiring import build_authorizer
from api_gateway_ws.wiring import build_ingress
from bench.chat.marks import MarkBook
from bench.chat.model import ModelStub, Pace
from bench.chat.processes import start_pool, wait_for_start
from bench.chat.services import BucketStub, Handle, TablesStub, serve
from bench.chat.tables import KEYS
from bench.chat.world import BUCKET, read_tenant
from bench.floods.events import ORIGIN
from bench.resume.gateway import Gateway
from infra.aws import EMULATOR_CREDENTIALS, REGION
from infra.local.environment import build_clean_environment
from tests.broker.framing import Connection, Request
from tests.broker.process import RunningBroker, running_broker

TENANT = "studio-lumen"
POOLS = 2
_FIFO = {"fifo": True, "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}

Notice = Callable[["Pool", str, bytes], None]
"""Gets the pool, the service that it calls, and the call."""


def _ignore(_pool: "Pool", _service: str, _body: bytes) -> None:
    return


class Pool:
    """A pool of chat's workers, with addresses of its own, so that its calls are known as its own."""

    def __init__(self, number: int, environment: Mapping[str, str], folder: Path) -> None:
        self.number = number
        self.is_ready = False
        self.starts = 0
        self._environment = environment
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start it, and return once it takes messages."""
        self.starts += 1
        log = self._folder / f"pool-{self.number}-{self.starts}.log"
        self._process = start_pool(self._environment, log)
        await wait_for_start(self._process, log)
        self.is_ready = True

    def kill(self) -> None:
        """End it as a crash would."""
        self.is_ready = False
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    async def stop(self) -> None:
        """End it as a deployment does: it finishes what it has begun."""
        self.is_ready = False
        if self._process is not None:
            self._process.terminate()
            await asyncio.to_thread(self._process.wait, 60)
            self._process = None


class World:
    """The running parts."""

    def __init__(self, broker: RunningBroker, tables: TablesStub, model: ModelStub) -> None:
        self.broker = broker
        self.gateway: Gateway
        self.tables = tables
        self.model = model
        self.pools: list[Pool] = []
        self.notice: Notice = _ignore
        """Called before a call of a pool is answered; of the tables after it was carried out."""

    def post(self, request: Request, connection: Connection) -> None:
        """Serve the management endpoint; the gateway is built after it."""
        self.gateway.handle(request, connection)

    def count_dead_letters(self) -> int:
        """Return how many commands no pool could carry out."""
        return int(self.broker.stats()["queues"]["CHAT_DLQ.fifo"]["visible"])

    def watch(self, pool: Pool, service: str, handle: Handle) -> Handle:
        """Return a handler that reports the calls of a pool."""

        def handle_and_report(request: Request, connection: Connection) -> None:
            handle(request, connection)
            self.notice(pool, service, request.body)

        return handle_and_report


@asynccontextmanager
async def open_world(
    folder: Path, *, table_latency_ms: float, pace: Pace, pool_settings: Mapping[str, str], pools: int = POOLS
) -> AsyncIterator[World]:
    """Start everything, and stop it at the end."""
    tables, model = TablesStub(latency_ms=table_latency_ms), ModelStub(MarkBook(), pace)
    async with AsyncExitStack() as exits:
        broker = exits.enter_context(running_broker())
        world = World(broker, tables, model)
        bucket = BucketStub(read_tenant(allowed_origins=[ORIGIN]))
        urls = {
            "AWS_ENDPOINT_URL_S3": await exits.enter_async_context(serve(bucket.handle)),
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": await exits.enter_async_context(serve(_answer_with_key)),
            "AWS_ENDPOINT_URL_SQS": broker.url,
        }
        queues = {f"{name}_URL": broker.queue(f"{name}.fifo", **_FIFO) for name in ("CHAT_QUEUE", "CHAT_DLQ")}

        async def open_services(pool: Pool | None) -> dict[str, str]:
            handles = {
                "AWS_ENDPOINT_URL_DYNAMODB": ("tables", tables.handle),
                "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": ("model", model.handle),
                "WEBSOCKET_ENDPOINT": ("gateway", world.post),
            }
            opened = {}
            for variable, (service, handle) in handles.items():
                watched = world.watch(pool, service, handle) if pool else handle
                opened[variable] = await exits.enter_async_context(serve(watched))
            return opened | {"WEBSOCKET_ENDPOINT": f"{opened['WEBSOCKET_ENDPOINT']}/live"}

        environment = {
            **EMULATOR_CREDENTIALS,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "KNOWLEDGE_BUCKET": BUCKET,
            "BOOKING_QUEUE_URL": queues["CHAT_QUEUE_URL"],
            "SESSION_KEY_SECRET_ID": "key",
            "RATE_LIMITS": "session=999999,address=999999,business=999999",
            **{f"{name.removesuffix('Table').upper()}_TABLE": name for name in KEYS},
            **urls,
            **queues,
        }
        # Ingress and authorizer of this process log as deployed, but only what went wrong would be read.
        edge = {**environment, **await open_services(None), "LOG_LEVEL": "WARNING"}
        before = dict(os.environ)
        exits.callback(_replace_environment, before)
        # A proxy's variables would make the edge use botocore's clients, as it never does on AWS.
        _replace_environment({**build_clean_environment(), **edge})
        world.gateway = await asyncio.to_thread(Gateway, build_ingress, build_authorizer, tenant=TENANT)
        for number in range(pools):
            settings: dict[str, str] = {}
            pool = Pool(number, settings, folder)
            shares = {"POOL_TENANT_SHARE": "1", "POOL_ADDRESS_SHARE": "1"}
            settings |= {**environment, "LOG_LEVEL": "INFO", **shares, **pool_settings, **await open_services(pool)}
            world.pools.append(pool)
            exits.callback(pool.kill)
        await asyncio.gather(*(pool.start() for pool in world.pools))
        yield world


def _replace_environment(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)


def _answer_with_key(_: Request, connection: Connection) -> None:
    body = json.dumps({"SecretString": "a-key-of-the-benchmark-0123456789abcdef"}).encode()
    connection.send(200, b"Content-Type: application/x-amz-json-1.1\r\n", body)
