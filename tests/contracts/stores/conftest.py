"""One emulator of AWS for the session, with the template's tables; every test works on keys of its own."""

import functools
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config

from api_gateway_ws.adapters.sessions import DynamoSessions, DynamoStopFlags
from infra.local.emulator import start_emulator, wait_for_emulator
from infra.local.environment import clean_environment, emulator_environment
from infra.local.google_calendar.keys import account_key, make_service_account
from infra.local.google_calendar.standin import Standin
from infra.local.google_calendar.thread import serving
from infra.local.interrupts import Interrupts
from infra.local.ports import HOST, free_port
from infra.local.processes import Children
from shared.aws.claims import DynamoClaimStore
from shared.aws.clients import AwsClients
from shared.aws.connections import DynamoConnectionStore
from shared.aws.conversations import DynamoConversationStore
from shared.aws.usage import DynamoUsageStore
from shared.settings import AwsSettings
from tests.contracts.stores.calendars import CALENDAR, AtGoogle
from tests.contracts.stores.template import create_tables
from tests.fakes.appointments import FakeAppointments
from tests.fakes.claims import FakeClaims
from tests.fakes.clock import FakeClock
from tests.fakes.connections import FakeConnections
from tests.fakes.conversations import FakeConversations
from tests.fakes.figures import FakeUsage
from tests.fakes.ingress import FakeSessions
from workers.booking.adapters.appointments import DynamoAppointmentStore


@dataclass(frozen=True)
class Emulator:
    """Where the emulator is, and blocking clients of it."""

    endpoint_url: str

    @functools.cache  # noqa: B019 - one emulator lives as long as the tests
    def client(self, service):
        config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, max_pool_connections=50)
        return boto3.client(service, region_name="eu-central-1", endpoint_url=self.endpoint_url, config=config)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory):
    folder = tmp_path_factory.mktemp("emulator")
    children = Children(folder / "logs", Interrupts())
    port = free_port()
    endpoint_url = f"http://{HOST}:{port}"
    with pytest.MonkeyPatch.context() as patched:
        for name, value in emulator_environment(endpoint_url).items():
            patched.setenv(name, value)
        try:
            child = start_emulator(children, port=port, scratch=folder / "tmp", environment=clean_environment())
            wait_for_emulator(child, port)
            emulator = Emulator(endpoint_url)
            create_tables(emulator.client("dynamodb"))
            yield emulator
        finally:
            children.stop_all()


@pytest.fixture(scope="session")
async def clients(emulator):
    """Return the clients as a worker opens them."""
    settings = AwsSettings(
        aws_endpoint_url=emulator.endpoint_url,
        conversations_table="ConversationsTable",
        connections_table="ConnectionsTable",
        processed_table="ProcessedTable",
        knowledge_bucket="knowledge",
        websocket_endpoint=emulator.endpoint_url,
    )
    async with AsyncExitStack() as stack:
        yield AwsClients(stack, settings)


@pytest.fixture(scope="session")
async def dynamodb(clients):
    return await clients.client("dynamodb")


@pytest.fixture(scope="session")
async def sqs(clients):
    return await clients.client("sqs", read_timeout_seconds=30, attempts=1)


@dataclass(frozen=True)
class Stores:
    """Every store of one kind, which see each other's rows."""

    claims: Any
    stops: Any
    conversations: Any
    connections: Any
    sessions: Any
    appointments: Any
    usage: Any


def in_memory(clock):
    claims = FakeClaims(clock)
    conversations, connections = FakeConversations(claims), FakeConnections(clock)
    return Stores(
        claims=claims,
        stops=claims,
        conversations=conversations,
        connections=connections,
        sessions=FakeSessions(connections, conversations),
        appointments=FakeAppointments(claims),
        usage=FakeUsage(),
    )


def in_dynamodb(clock, client, blocking):
    conversations = {"table": "ConversationsTable", "processed_table": "ProcessedTable"}
    appointments = {
        "appointments_table": "AppointmentsTable",
        "slots_table": "SlotsTable",
        "processed_table": "ProcessedTable",
    }
    sessions = {"connections_table": "ConnectionsTable", "conversations_table": "ConversationsTable"}
    return Stores(
        claims=DynamoClaimStore(client=client, table="ProcessedTable", clock=clock),
        stops=DynamoStopFlags(client=blocking, table="ProcessedTable"),
        conversations=DynamoConversationStore(client=client, clock=clock, **conversations),
        connections=DynamoConnectionStore(client=client, table="ConnectionsTable", clock=clock),
        sessions=DynamoSessions(client=blocking, **sessions),
        appointments=DynamoAppointmentStore(client=client, **appointments),
        usage=DynamoUsageStore(client=client, table="UsageTable"),
    )


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture(params=["memory", "dynamodb"])
def stores(request, clock):
    """Return the fakes, then the real adapters."""
    if request.param == "memory":
        return in_memory(clock)
    blocking = request.getfixturevalue("emulator").client("dynamodb")
    return in_dynamodb(clock, request.getfixturevalue("dynamodb"), blocking)


@pytest.fixture(scope="session")
def neighbour():
    info = make_service_account("http://127.0.0.1/token")
    standin = Standin(keys=[account_key(info)], calendars=[CALENDAR], time_zone="Europe/Warsaw")
    with serving(standin) as address:
        yield standin, address, info


@pytest.fixture
def google(neighbour):
    standin, address, info = neighbour
    standin.reset()
    side = AtGoogle(standin, address, info)
    yield side
    side.calendar.close()
