"""Fixtures of chat: a business, a visitor's message, and the handler with fakes."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from shared.conversations.replies import Replies
from shared.ids import derive_command_key
from shared.messages.commands import ChatSend
from shared.messages.server import ChatSent, ChatSentData
from shared.tenants.profile import TenantProfile
from tests.fakes.booking_queries import FakeBookingQueries
from tests.fakes.claims import FakeClaims
from tests.fakes.clock import FakeClock
from tests.fakes.connections import FakeConnections, FakePoster
from tests.fakes.conversations import FakeConversations
from tests.fakes.figures import FakeMetrics, FakeUsage
from tests.fakes.handovers import FakeHandovers
from tests.fakes.model import FakeModel
from tests.fakes.notices import FakeNotices
from tests.fakes.spending import FakeSpending
from tests.fakes.tenants import FakeTenants
from tests.fakes.unanswered import FakeUnansweredQuestions
from workers.chat.adapters.budget_warnings import BudgetWarnings
from workers.chat.adapters.capped_spending import CappedSpending
from workers.chat.dependencies import ChatPorts, ModelSettings
from workers.chat.handler.dispatch import ChatHandler
from workers.chat.handler.progress import ChatVisitor
from workers.chat.wiring import list_tools

DOCUMENTS = {"prices.en.md": "A massage costs 120 zł.\n", "about.en.md": "We are in Łódź.\n"}
LEASE = timedelta(seconds=30)


def build_profile(**fields):
    content = {
        "name": "Salon Ania",
        "time_zone": "Europe/Warsaw",
        "calendar_id": "calendar",
        "services": [
            {"id": "massage", "name": {"pl": "Masaż", "en": "Massage"}, "duration_minutes": 60},
            {"id": "consultation", "name": {"pl": "Konsultacja"}, "duration_minutes": 30},
        ],
        "opening_hours": {"monday": ["09:00-17:00"]},
    }
    return TenantProfile.model_validate(content | fields)


@pytest.fixture(scope="session")
def make_profile():
    return build_profile


class World:
    """One visitor, one business, and the handler with its fakes."""

    def __init__(self, *scripts, spending=None, tools=None, model=None, has_notices=True, intent_model_id=None):
        self.clock = FakeClock()
        self.claims = FakeClaims(self.clock)
        self.connections = FakeConnections(self.clock)
        self.poster = FakePoster()
        self.conversations = FakeConversations(self.claims)
        self.tenants = FakeTenants({"salon-ania": build_profile()}, {"salon-ania": DOCUMENTS})
        self.usage, self.metrics = FakeUsage(), FakeMetrics()
        self.spending, self.notices = spending or FakeSpending(), FakeNotices()
        self.handovers = FakeHandovers(self.clock)
        self.questions = FakeUnansweredQuestions()
        self.model = model or FakeModel(*scripts)
        self.connections.open("session", "tab", locale="en")
        self.replies = Replies(conversations=self.conversations, connections=self.connections, poster=self.poster)
        self.spending_port = CappedSpending(
            store=self.spending,
            usage=self.usage,
            tenants=self.tenants,
            warnings=BudgetWarnings(store=self.spending, notices=self.notices, clock=self.clock),
            clock=self.clock,
        )
        ports = ChatPorts(
            model=self.model,
            models=ModelSettings("first-model", intent_model_id=intent_model_id),
            tools=list_tools(FakeBookingQueries()) if tools is None else tuple(tools),
            spending=self.spending_port,
            tenants=self.tenants,
            conversations=self.conversations,
            handovers=self.handovers,
            notices=self.notices if has_notices else None,
            usage=self.usage,
            questions=self.questions,
            metrics=self.metrics,
            clock=self.clock,
        )
        self.handler = ChatHandler(ports=ports, replies=self.replies, claims=self.claims, random_source=lambda: 0.0)

    def command(self, text="How much is a massage?", client_id="a1", locale="en"):
        return ChatSend.model_validate(
            {
                "id": derive_command_key("salon-ania", "session", client_id),
                "tenant": "salon-ania",
                "session_id": "session",
                "client_id": client_id,
                "connection_id": "tab",
                "accepted_at": self.clock.now(),
                "locale": locale,
                "data": {"text": text},
            }
        )

    async def claim(self, command):
        return await self.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)

    async def handle(self, command=None, claim=None):
        """Handle a message as the worker core does; return the session's stored frames."""
        command = command or self.command()
        async with ChatVisitor(self.replies.waiting, self.clock).watch(command):
            await self.handler.handle(command, claim or await self.claim(command))
        return self.stored

    @property
    def stored(self):
        return self.conversations.list_frames("session")

    async def store_history(self, *frames):
        """Store earlier frames: frames of the server, and texts of the visitor."""
        for number, item in enumerate(frames):
            claim = await self.claims.claim(f"before{number}", fingerprint="f", lease=LEASE)
            frame = ChatSent(re=f"b{number}", data=ChatSentData(text=item)) if isinstance(item, str) else item
            await self.conversations.append("session", frame, claim=claim, marker="outcome")

    def deltas(self, connection="tab"):
        return [frame["data"] for frame in self.poster.frames(connection) if frame["type"] == "chat.delta"]

    def finals(self, connection="tab"):
        return [frame for frame in self.poster.frames(connection) if frame["type"] == "chat.final"]


@pytest.fixture(scope="session")
def world_of():
    """Return a function that builds a `World` whose model plays these scripts."""
    return World


@pytest.fixture(scope="session")
def facts():
    return SimpleNamespace(documents=DOCUMENTS)
