"""What chat's wiring asks of the clients that it opens."""

import pytest

from shared.circuits.reports import CircuitReports
from shared.settings import PoolSettings
from tests.fakes.clock import FakeClock
from tests.fakes.figures import FakeMetrics
from workers.chat.settings import ChatSettings
from workers.chat.wiring import open_ports


class OpenedError(Exception):
    """Ends the wiring when the client of the models is asked for."""


class Clients:
    """Keeps what the client of the models is opened with."""

    def __init__(self):
        self.options = {}

    async def open_client(self, service, **options):
        if service == "bedrock-runtime":
            self.options = options
            raise OpenedError


async def test_each_answer_of_a_pool_has_a_connection_to_its_model():
    """An answer keeps its connection while it streams, so with fewer of them the others would wait, and fail."""
    clients, names = Clients(), ("conversations", "connections", "processed", "usage", "failures")
    settings = ChatSettings(
        **{f"{name}_table": name for name in names},
        knowledge_bucket="knowledge",
        websocket_endpoint="http://127.0.0.1",
        chat_queue_url="queue",
        chat_dlq_url="dead",
    )
    with pytest.raises(OpenedError):
        await open_ports(
            clients,
            settings,
            PoolSettings(concurrency=600),
            stores=None,
            circuits=CircuitReports(metrics=FakeMetrics(), clock=FakeClock()),
            clock=FakeClock(),
            metrics=FakeMetrics(),
        )
    assert clients.options["connections"] == 600
