"""One emulator of AWS for the session, with the template's tables; every test works on keys of its own."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from api_gateway_ws.adapters.judgements import DynamoJudgements
from api_gateway_ws.adapters.rate_counters import DynamoRateCounters
from api_gateway_ws.adapters.sessions import DynamoAnswerStopFlags, DynamoSessions
from infra.local.google_calendar.keys import create_service_account_key, parse_account_key
from infra.local.google_calendar.standin import Standin
from infra.local.google_calendar.thread import serve_in_thread
from shared.aws.claims import DynamoClaimStore
from shared.aws.conversations.connections import DynamoConnectionStore
from shared.aws.conversations.conversation_store import DynamoConversationStore
from shared.aws.conversations.erasure import DynamoConversationErasure
from shared.aws.conversations.judgement_index import DynamoJudgedAnswers
from shared.aws.ledger.failures import DynamoFailureLedger
from shared.aws.ledger.payload_cipher import PayloadCipher
from shared.aws.ledger.replay_outcomes import DynamoReplayOutcomes
from shared.aws.spending.booking_counts import DynamoBookingCounts
from shared.aws.spending.spending_store import DynamoSpendingStore
from shared.aws.spending.usage_reports import DynamoUsageReports
from shared.aws.unanswered_questions import DynamoUnansweredQuestions
from shared.aws.usage import DynamoUsageStore
from shared.ids import new_id
from tests.contracts.caldav_server import serve_radicale
from tests.contracts.stores.calendars import CALENDAR, SECOND, AtGoogle
from tests.contracts.stores.dead_letters import make_dead_letter
from tests.fakes.appointments import FakeAppointments
from tests.fakes.claims import FakeClaims
from tests.fakes.clock import FakeClock
from tests.fakes.connections import FakeConnections
from tests.fakes.conversations import FakeConversations
from tests.fakes.failures import FakeFailures, FakeReplayOutcomes
from tests.fakes.figures import FakeUsage
from tests.fakes.ingress import FakeJudgements, FakeSessions
from tests.fakes.rate_counters import FakeRateCounters
from tests.fakes.spending import FakeSpending
from tests.fakes.unanswered import FakeUnansweredQuestions
from workers.booking.adapters.appointments import DynamoAppointmentStore

CIPHER = PayloadCipher(["k" * 64])


@pytest.fixture(scope="session")
async def sqs(clients):
    return await clients.open_client("sqs", read_timeout_seconds=30, attempts=1)


@dataclass(frozen=True)
class Stores:
    """Every store of one kind, which see each other's rows."""

    claims: Any
    stops: Any
    conversations: Any
    erasure: Any
    connections: Any
    sessions: Any
    rate_counters: Any
    judgements: Any
    """As the ingress writes them."""
    judged: Any
    """As the desk reads them."""
    questions: Any
    """Unanswered ones, in at most three groups of a month."""
    appointments: Any
    bookings: Any
    """As the desk counts them."""
    usage: Any
    spending: Any
    """What is reserved and settled, with its reports."""
    failures: Any
    outcomes: Any
    """Of replays: made by the name of their queue."""


class Spending(DynamoSpendingStore):
    """The store of spending, with its reports."""

    def __init__(self, client, clock):
        super().__init__(client=client, table="UsageTable", clock=clock)
        self._reports = DynamoUsageReports(client=client, table="UsageTable", clock=clock)

    def __getattr__(self, name):
        return getattr(self._reports, name)


def in_memory(clock):
    claims = FakeClaims(clock)
    appointments = FakeAppointments(claims)
    conversations, connections = FakeConversations(claims), FakeConnections(clock)
    failures = FakeFailures()
    return Stores(
        claims=claims,
        stops=claims,
        conversations=conversations,
        erasure=conversations,
        connections=connections,
        sessions=FakeSessions(connections, conversations),
        rate_counters=FakeRateCounters(),
        judgements=FakeJudgements(conversations),
        judged=conversations,
        questions=FakeUnansweredQuestions(max_groups=3),
        appointments=appointments,
        bookings=appointments,
        usage=FakeUsage(),
        spending=FakeSpending(),
        failures=failures,
        outcomes=lambda queue: FakeReplayOutcomes(failures, queue=queue),
    )


def in_dynamodb(clock, client, blocking):
    conversations = {"table": "ConversationsTable", "processed_table": "ProcessedTable"}
    appointments = {
        "appointments_table": "AppointmentsTable",
        "slots_table": "SlotsTable",
        "limits_table": "LimitsTable",
        "processed_table": "ProcessedTable",
    }
    sessions = {"connections_table": "ConnectionsTable", "conversations_table": "ConversationsTable"}
    return Stores(
        claims=DynamoClaimStore(client=client, table="ProcessedTable", clock=clock),
        stops=DynamoAnswerStopFlags(client=blocking, table="ProcessedTable"),
        conversations=DynamoConversationStore(client=client, clock=clock, **conversations),
        erasure=DynamoConversationErasure(client=client, table="ConversationsTable", clock=clock),
        connections=DynamoConnectionStore(client=client, table="ConnectionsTable", clock=clock),
        sessions=DynamoSessions(client=blocking, **sessions),
        rate_counters=DynamoRateCounters(client=blocking, table="LimitsTable"),
        judgements=DynamoJudgements(client=blocking, table="ConversationsTable"),
        judged=DynamoJudgedAnswers(client=client, table="ConversationsTable"),
        questions=DynamoUnansweredQuestions(client=client, table="UsageTable", max_groups=3),
        appointments=DynamoAppointmentStore(client=client, **appointments),
        bookings=DynamoBookingCounts(client=client, table="LimitsTable"),
        usage=DynamoUsageStore(client=client, table="UsageTable"),
        spending=Spending(client, clock),
        failures=DynamoFailureLedger(client=client, table="FailuresTable", cipher=CIPHER, clock=clock),
        outcomes=lambda queue: DynamoReplayOutcomes(client=client, table="FailuresTable", queue=queue),
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
    info = create_service_account_key("http://127.0.0.1/token")
    standin = Standin(keys=[parse_account_key(info)], calendars=[CALENDAR, SECOND], time_zone="Europe/Warsaw")
    with serve_in_thread(standin) as address:
        yield standin, address, info


@pytest.fixture
def google(neighbour):
    standin, address, info = neighbour
    standin.reset()
    side = AtGoogle(standin, address, info)
    yield side
    side.calendar.close()


@pytest.fixture(scope="session")
def radicale(tmp_path_factory):
    with serve_radicale(tmp_path_factory.mktemp("radicale")) as address:
        yield address


@pytest.fixture
def tenant():
    """Return a business that nobody else has: tables are shared by all tests."""
    return f"tenant-{new_id()[:12]}"


@pytest.fixture
def make_failure(tenant):
    return partial(make_dead_letter, tenant=tenant)


@pytest.fixture
def claims(stores):
    return stores.claims


@pytest.fixture
def key():
    """Return the key of a command that nobody has claimed."""
    return new_id()
