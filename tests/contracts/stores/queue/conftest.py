"""The queue's port on each of its sides: in memory, and on servers that speak SQS through either transport."""

import asyncio

import boto3
import pytest

from infra.aws import REGION
from infra.local.ports import HOST
from shared.errors import TransientError
from tests.broker.process import running_broker
from tests.contracts.stores.queue.neighbour import CALLS, Neighbour
from tests.contracts.stores.queue.queues import BLOCKING, ON_SQS, SIDES, TRANSPORTS, InMemory, server_at
from tests.selection import FAKE, is_on_fake


@pytest.fixture(scope="session")
async def ministack(emulator, clients):
    async with server_at(emulator.endpoint_url, emulator.client("sqs"), clients) as server:
        yield server


@pytest.fixture(scope="session")
async def broker(clients):
    with running_broker() as running:
        client = boto3.client("sqs", region_name=REGION, endpoint_url=running.url, config=BLOCKING)
        async with server_at(running.url, client, clients) as server:
            yield server


@pytest.fixture
def servers(request):
    """Return both by their names, or none for the fake: a server is never started in the middle of a test."""
    names = () if is_on_fake(request.node) else ("ministack", "broker")
    return {name: request.getfixturevalue(name) for name in names}


@pytest.fixture
def make(servers):
    """Return a function that makes a queue of one kind at one place."""

    def make(where, *, fifo):
        if where == FAKE:
            return InMemory(fifo=fifo)
        transport, server = where.split()
        return servers[server].make(transport, fifo=fifo)

    return make


@pytest.fixture(params=SIDES)
def fifo(request, make):
    return make(request.param, fifo=True)


@pytest.fixture(params=SIDES)
def standard(request, make):
    return make(request.param, fifo=False)


@pytest.fixture(params=[f"{where} {kind}" for where in SIDES for kind in ("fifo", "standard")])
def side(request, make):
    where, _, kind = request.param.rpartition(" ")
    return make(where, fifo=kind == "fifo")


@pytest.fixture(params=[f"{where} {kind}" for where in ON_SQS for kind in ("fifo", "standard")])
def on_sqs(request, make):
    where, _, kind = request.param.rpartition(" ")
    return make(where, fifo=kind == "fifo")


@pytest.fixture(scope="session")
async def next_door(clients):
    """Run the neighbour, with both transports to it."""
    neighbour = Neighbour()
    server = await asyncio.start_server(neighbour.serve, HOST, 0)
    neighbour.url = f"http://{HOST}:{server.sockets[0].getsockname()[1]}"
    async with server_at(neighbour.url, None, clients) as transports:
        yield neighbour, transports
    server.close()
    for writer in neighbour.connections:
        writer.transport.abort()


@pytest.fixture
def neighbour(next_door):
    neighbour, _ = next_door
    neighbour.reset()
    return neighbour


def queue_at(next_door, transport):
    neighbour, transports = next_door
    url = f"{neighbour.url}/000000000000/chat.fifo"
    return transports.queue(transport, url=url, dead_letter_url=url)


@pytest.fixture(params=TRANSPORTS)
def queue(request, next_door):
    return queue_at(next_door, request.param)


@pytest.fixture
def lean(next_door):
    return queue_at(next_door, "lean")


@pytest.fixture(params=CALLS)
def call(request):
    return CALLS[request.param]


@pytest.fixture
def give_up():
    """Return a function that makes a call with a short deadline, until one has reached the server before it ends.

    Whatever follows has the usual deadline again: it must succeed, however busy the machine is.
    """

    async def give_up(call, has_arrived):
        for seconds in (0.2, 1, 5, 25):
            with pytest.MonkeyPatch.context() as patched:
                for module in ("sqs", "lean_sqs"):
                    patched.setattr(f"shared.aws.{module}.CALL_DEADLINE_SECONDS", seconds)
                    patched.setattr(f"shared.aws.{module}.RECEIVE_DEADLINE_SECONDS", seconds)
                with pytest.raises(TransientError):
                    await call()
            if has_arrived():
                return
        raise TimeoutError("the call never reached the server")

    return give_up
