"""What lies between a message and the call of its model: how many calls of tables follow each other."""

import asyncio
import json
from datetime import timedelta
from types import SimpleNamespace

import pytest

from bench.chat.tables import Tables
from shared.aws.claims import DynamoClaimStore
from shared.aws.conversations.connections import DynamoConnectionStore
from shared.aws.conversations.conversation_store import DynamoConversationStore
from shared.aws.http_pool import Answer
from shared.aws.lean_dynamodb import LeanDynamoDb
from shared.aws.spending.spending_store import DynamoSpendingStore
from shared.aws.usage import DynamoUsageStore
from shared.conversations.replies import Replies
from shared.ids import derive_command_key
from shared.messages.commands import ChatSend
from tests.fakes.clock import FakeClock
from tests.fakes.connections import FakePoster
from tests.fakes.figures import FakeMetrics
from tests.fakes.model import Do, FakeModel
from tests.fakes.tenants import FakeTenants
from tests.fakes.turned_loop import run_turned
from tests.fakes.unanswered import FakeUnansweredQuestions
from workers.chat.adapters.budget_warnings import BudgetWarnings
from workers.chat.adapters.capped_spending import CappedSpending
from workers.chat.dependencies import ChatPorts, ModelSettings
from workers.chat.handler.dispatch import ChatHandler

CALL_SECONDS = 1.0
"""So much longer than anything else in virtual time that the time says how many calls followed each other."""


class OnTables:
    """The handler on the real stores, whose tables answer each call after `CALL_SECONDS` of virtual time."""

    def __init__(self, profile):
        self.clock, self.tables = FakeClock(), Tables()
        self.asked_at = []
        client = LeanDynamoDb(SimpleNamespace(send=self._send), None)
        self.claims = DynamoClaimStore(client=client, table="ProcessedTable", clock=self.clock)
        conversations = DynamoConversationStore(
            client=client, table="ConversationsTable", processed_table="ProcessedTable", clock=self.clock
        )
        connections = DynamoConnectionStore(client=client, table="ConnectionsTable", clock=self.clock)
        store = DynamoSpendingStore(client=client, table="UsageTable", clock=self.clock)
        usage = DynamoUsageStore(client=client, table="UsageTable")
        tenants = FakeTenants({"salon-ania": profile}, {"salon-ania": {"prices.en.md": "A massage costs 120 zł."}})
        ports = ChatPorts(
            model=FakeModel([Do(lambda: self.asked_at.append(asyncio.get_running_loop().time())), "Hello!"]),
            models=ModelSettings("eu.anthropic.claude-haiku-4-5-20251001-v1:0"),
            tools=(),
            spending=CappedSpending(
                store=store,
                usage=usage,
                tenants=tenants,
                warnings=BudgetWarnings(store=store, notices=None, clock=self.clock),
                clock=self.clock,
            ),
            tenants=tenants,
            conversations=conversations,
            handovers=None,
            notices=None,
            usage=usage,
            questions=FakeUnansweredQuestions(),
            metrics=FakeMetrics(),
            clock=self.clock,
        )
        replies = Replies(conversations=conversations, connections=connections, poster=FakePoster())
        self._handler = ChatHandler(ports=ports, replies=replies, claims=self.claims)

    async def _send(self, action, body, *, deadline_seconds):
        await asyncio.sleep(CALL_SECONDS)
        answer = self.tables.carry_out(action, json.loads(body))
        return Answer(200, {}, json.dumps(answer).encode(), keep_alive=True)

    async def count_calls(self, client_id):
        """Return how many calls follow each other from the claim of a message to the call of the model."""
        command = ChatSend.model_validate(
            {
                "id": derive_command_key("salon-ania", "session", client_id),
                "tenant": "salon-ania",
                "session_id": "session",
                "client_id": client_id,
                "connection_id": "tab",
                "accepted_at": self.clock.now(),
                "locale": "en",
                "source_ip": "192.0.2.1",
                "data": {"text": "How much is a massage?"},
            }
        )
        began = asyncio.get_running_loop().time()
        claim = await self.claims.claim(command.claim_key, fingerprint="f", lease=timedelta(minutes=5))
        await self._handler.handle(command, claim)
        return round((self.asked_at[-1] - began) / CALL_SECONDS, 2)


@pytest.fixture
def on_tables(make_profile):
    return OnTables(make_profile())


def test_four_calls_follow_each_other_before_the_model_is_called(on_tables):
    """The claim; the conversation; the check of the claim beside the record; the message beside the counters.

    The first message of a day needs the salt of its addresses, too.
    """

    async def converse():
        return [await on_tables.count_calls(f"a{number}") for number in range(3)]

    assert run_turned(converse()) == [5, 4, 4]
