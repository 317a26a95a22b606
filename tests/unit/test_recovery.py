"""The soak test of faults: what it counts as lost and as doubled, and what its proxy does to one service."""

import time
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from infra.local.ports import HOST, find_free_port
from ops.desk.domain.values import ForecastKind
from tests.soak.recovery.effects import Effects, count_due, judge_exchange, replay_events
from tests.soak.recovery.faulty_proxy import DYNAMODB, EDGE, SES, FaultyProxy, Rule, open_faulty_proxy
from tests.soak.recovery.persistent_visitor import Exchange, PersistentVisitor
from tests.soak.recovery.visits import Booking


def hold(*frames: dict[str, Any]) -> Exchange:
    exchange = Exchange("hold", "during", time.monotonic(), ("booking.pending", "error"))
    for frame in frames:
        exchange.hear({"data": {"code": "TIMEOUT"}, **frame})
    return exchange


PENDING = {"type": "booking.pending", "seq": 4}


@pytest.mark.parametrize(
    ("frames", "lost", "doubled"),
    [
        ([], 1, 0),
        ([{"type": "ack"}, {"type": "progress"}], 1, 0),
        ([{"type": "ack"}, PENDING], 0, 0),
        ([PENDING, PENDING], 0, 0),
        ([PENDING, {**PENDING, "seq": 5}], 0, 1),
        ([PENDING, {"type": "error", "seq": 5}], 0, 1),
    ],
    ids=["nothing", "no end", "one end", "one end sent again", "two ends", "an answer and an error"],
)
def test_a_command_has_one_end(frames, lost, doubled):
    effects = Effects()
    judge_exchange(hold(*frames), effects)
    assert (len(effects.lost), len(effects.doubled)) == (lost, doubled)


@pytest.mark.parametrize(
    ("frames", "counts"),
    [
        ([PENDING], range(1, 2)),
        ([{"type": "error"}], range(1)),
        ([], range(2)),
    ],
    ids=["an answer", "a refusal", "nothing yet"],
)
def test_an_effect_is_due_once_after_an_answer(frames, counts):
    visitor = PersistentVisitor(connect=lambda: None, phase="during")
    visitor.exchanges["hold-1"] = hold(*frames)
    assert count_due(Booking(visitor, "visitor@example.com"), "hold") == counts


def test_receipts_are_not_what_is_heard_first():
    exchange = hold({"type": "ack"}, {"type": "error"})
    assert exchange.first
    assert exchange.first[1] == "TIMEOUT"


@pytest.fixture
async def upstream():
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.path} {await request.text()}")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def ask(proxy: FaultyProxy, path: str, target: str = "") -> tuple[int, str]:
    async with aiohttp.ClientSession() as session:
        headers = {"X-Amz-Target": target}
        async with session.post(f"{proxy.url}{path}", data="body", headers=headers) as answer:
            return answer.status, await answer.text()


async def test_the_proxy_throttles_one_service_alone(upstream):
    """Calls of others are passed on, those of the functions without the path that tells them apart."""
    with open_faulty_proxy(upstream) as proxy:
        proxy.put_rules(**{SES: Rule(throttles=True), DYNAMODB: Rule(seconds=0)})
        assert (await ask(proxy, "/v2/email/outbound-emails"))[0] == 429
        assert await ask(proxy, "/table", "DynamoDB_20120810.GetItem") == (200, "/table body")
        assert await ask(proxy, f"{EDGE}/table", "DynamoDB_20120810.GetItem") == (200, "/table body")
        assert proxy.struck == {SES: 1, DYNAMODB: 1}
        proxy.put_rules()
        assert (await ask(proxy, "/v2/email/outbound-emails"))[0] == 200


async def test_the_proxy_closes_the_connection_without_an_answer_of_the_emulator():
    """A client must not take the proxy's own error for an answer of AWS."""
    with open_faulty_proxy(f"http://{HOST}:{find_free_port()}") as proxy, pytest.raises(aiohttp.ClientError):
        await ask(proxy, "/")


class LedgerDesk:
    """A `Desk` whose forecasts are all the same."""

    def __init__(self, kind: ForecastKind) -> None:
        self.kind, self.replayed = kind, []

    async def replay_failures(self, _operator, ids, *, dry_run=False):
        if dry_run:
            return SimpleNamespace(forecasts={self.kind: len(ids)})
        self.replayed += ids
        return SimpleNamespace(replayed=len(ids))


async def test_an_event_that_waits_in_the_ledger_is_replayed():
    """Only those of the test's visitors, that are open, and that a replay enters."""
    row = {"session_id": "mine", "type": "booking.settle_entry", "state": "failed"}
    others = [{"session_id": "other"}, {"type": "booking.create"}, {"state": "discarded"}]
    failures = [{**row, "failure_id": "f"}, *({**row, "failure_id": "x", **each} for each in others)]
    desk = LedgerDesk(ForecastKind.WOULD_BE_ENTERED)
    assert await replay_events(desk, failures, {"mine"}) == 1
    assert desk.replayed == ["f"]
    with pytest.raises(AssertionError):
        await replay_events(LedgerDesk(ForecastKind.WOULD_FAIL), failures, {"mine"})
