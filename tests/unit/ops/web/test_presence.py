"""What a visitor sees of the person who answers, and what operators see of who waits."""

from datetime import timedelta
from functools import partial

import pytest

from ops.desk.domain.values import Operator
from ops.today.presence import CONNECTIONS_DURATION, TYPING_PAUSE, StaffPresence
from shared.conversations.handover import StaffRequest
from shared.conversations.replies import Replies
from tests.unit.ops.web.conversations import CONVERSATION, sent, store_frames

ADDRESS = f"{CONVERSATION}/presence"
OLA = Operator("Ola")


@pytest.fixture
def visitor(owner, world):
    """Open two tabs of a visitor, of which one knows `presence`, and a conversation; return the owner's browser."""
    world.connections.open("s-1", "old", capabilities=["progress"])
    world.connections.open("s-1", "new", capabilities=["progress", "presence"])
    owner.http.portal.call(store_frames(world, sent("Dogs?")))
    owner.get(CONVERSATION)
    world.poster.posted.clear()
    return owner


def displayed(world):
    return [(frame["data"], frame.get("seq")) for frame in world.poster.frames("new")]


def test_typing_and_reading_reach_clients_that_know_them(visitor, world):
    """Frames without a number: nothing is stored, and the tab of an older client gets nothing."""
    csrf = visitor.csrf()
    for what in ({"typing": "1"}, {"read_seq": "1"}, {"typing": "0"}):
        assert visitor.send(ADDRESS, csrf=csrf, **what).status_code == 204
    expected = [{"author": "Ola", "typing": True}, {"author": "Ola", "read_seq": 1}, {"author": "Ola", "typing": False}]
    assert displayed(world) == [(data, None) for data in expected]
    assert world.poster.frames("old") == []
    assert len(world.conversations.list_frames("s-1")) == 1


@pytest.mark.parametrize(
    "what", [{}, {"typing": "yes"}, {"read_seq": "-1"}, {"read_seq": "9" * 99}, {"read_seq": "1e3"}]
)
def test_reports_that_say_nothing_post_nothing(visitor, world, what):
    """A form from a foreign page, or of another release, is no error."""
    assert visitor.send(ADDRESS, **what).status_code == 204
    assert displayed(world) == []


def test_nobody_reports_about_another_tenants_conversation(salon_owner, world):
    """Neither under its own tenant nor under the operator's."""
    world.connections.open("s-bea", "new", capabilities=["presence"])
    salon_owner.http.portal.call(store_frames(world, sent("Private"), session="s-bea", tenant="studio-bea"))
    salon_owner.get("/failures")
    csrf = salon_owner.csrf()
    for tenant in ("studio-bea", "salon-ania"):
        path = f"/today/{tenant}/conversations/s-bea/presence"
        assert salon_owner.send(path, csrf=csrf, typing="1").status_code == 404
    assert world.poster.posted == []


class Counting:
    """What a person's typing costs: the queries of connections, and the checks of permission."""

    def __init__(self, world):
        self.queries, self.checks = 0, 0
        self._connections = world.connections
        self.presence = StaffPresence(
            replies=Replies(conversations=world.conversations, connections=self, poster=world.poster),
            may_answer=self._may_answer,
            clock=world.clock,
        )

    async def _may_answer(self, *_):
        self.checks += 1
        return True

    async def list_connections(self, session_id, *, may_lag=False):
        self.queries += 1
        return await self._connections.list_connections(session_id, may_lag=may_lag)


async def test_a_minute_of_typing_has_few_calls(world):
    """Ten reports a second: one check, a query in ten seconds, and a post in three seconds for each tab."""
    world.connections.open("s-1", "new", capabilities=["presence"])
    counting = Counting(world)
    for _ in range(600):
        await counting.presence.report(OLA, "salon-ania", "s-1", typing=True)
        world.clock.advance(timedelta(milliseconds=100))
    assert counting.checks == 1
    assert counting.queries <= 60 / CONNECTIONS_DURATION.total_seconds()
    assert 15 <= len(world.poster.posted) <= 60 / TYPING_PAUSE.total_seconds()


async def test_reading_is_reported_once(world):
    """A page that is refreshed reports the same again and again, and an outdated one less."""
    world.connections.open("s-1", "new", capabilities=["presence"])
    counting = Counting(world)
    for seq in (3, 3, 2, 5):
        await counting.presence.report(OLA, "salon-ania", "s-1", read_seq=seq)
    assert [data["read_seq"] for data, _ in displayed(world)] == [3, 5]
    assert counting.queries == 1


async def test_reading_says_nothing_about_typing(world):
    """It neither begins nor ends it; and the end of typing is said only while it is shown."""
    world.connections.open("s-1", "new", capabilities=["presence"])
    presence = Counting(world).presence
    await presence.report(OLA, "salon-ania", "s-1", typing=False)
    await presence.report(OLA, "salon-ania", "s-1", typing=True)
    await presence.report(OLA, "salon-ania", "s-1", read_seq=1)
    world.clock.advance(timedelta(seconds=6))
    await presence.report(OLA, "salon-ania", "s-1", typing=False)
    assert [data.get("typing") for data, _ in displayed(world)] == [True, None]


async def test_a_name_that_visitors_may_not_read_is_left_out(world):
    """Of an account, or of a token that several people have."""
    world.connections.open("s-1", "new", capabilities=["presence"])
    operator = Operator("ola@example.com", is_display_name=False)
    await Counting(world).presence.report(operator, "salon-ania", "s-1", typing=True)
    assert displayed(world) == [({"typing": True}, None)]


def test_the_waiting_are_counted_without_content(owner, world):
    """A sentence in the operator's language and a mark of each conversation; nothing of what the visitor wrote."""
    assert owner.get("/today/salon-ania/waiting").json() == {"text": "", "marks": []}
    for session in ("s-1", "s-2"):
        request = StaffRequest("h1", world.clock.now(), "My parcel has not arrived.")
        owner.http.portal.call(partial(world.handovers.add_request, "salon-ania", session, request, waits=True))
    answer = owner.get("/today/salon-ania/waiting").json()
    assert answer["text"] == "2 visitors wait for a person."
    assert len(set(answer["marks"])) == 2
    assert not any(mark.startswith("s-") for mark in answer["marks"])


def test_only_own_businesses_are_counted(salon_owner, stranger):
    """Another business is not found, and without a sign-in the page asks for one."""
    assert salon_owner.get("/today/studio-bea/waiting").status_code == 404
    assert stranger.get("/today/salon-ania/waiting").status_code == 303
