"""A visitor ends the session, or takes the conversation along by e-mail."""

import pytest
import websockets

from tests.e2e.backstage import Backstage
from tests.e2e.booking import confirm, free_slot, fresh_address, hold
from tests.e2e.visitor import Visit, Visitor

pytestmark = pytest.mark.e2e


async def wait_for_close(visitor: Visitor) -> None:
    """Receive frames until the server closes the connection."""

    async def receive_all() -> None:
        while True:
            await visitor.receive()

    with pytest.raises(websockets.ConnectionClosed):
        await receive_all()


async def test_a_visitor_ends_the_session(visit: Visit, backstage: Backstage):
    """Both tabs hear it and are disconnected, the hold names nobody, and the token opens another conversation."""
    async with visit(greet=False) as visitor:
        welcome = (await visitor.hello(locale="en"))["data"]
        session, token = welcome["session_id"], welcome["session"]
        await visitor.ask("chat.send", {"text": "Where are you?"}, "chat.final")
        slot = await free_slot(visitor)
        assert (await hold(visitor, slot, fresh_address(), name="Jan"))["type"] == "booking.pending"
        async with visit(session=token) as tab:
            ended = await visitor.ask("session.end", {}, "session.ended")
            assert (await tab.until("session.ended"))["seq"] == ended["seq"]
            await wait_for_close(visitor)
            await wait_for_close(tab)

    def is_forgotten() -> bool:
        return not [row for row in backstage.rows("connections") if row["session_id"] == session]

    await backstage.until(is_forgotten)
    rows = [row for row in backstage.rows("conversations") if row["session_id"] == session]
    assert [row["seq"] for row in rows if "frame" in row] == [ended["seq"]]
    [row] = backstage.appointments(session)
    assert (row["state"], row["contact"], row["name"]) == ("cancelled", "", "")
    async with visit(session=token, greet=False) as visitor:
        fresh = await visitor.hello()
        assert fresh["data"]["resume"] == "expired"
        assert fresh["data"]["session_id"] != session
        assert slot["start"] in [one["start"] for one in (await list_again(visitor, slot))]


async def list_again(visitor: Visitor, slot: dict[str, str]) -> list[dict[str, str]]:
    """Return the free times of a slot's day."""
    query = {"service": slot["service"], "from": slot["start"][:10], "days": 1}
    slots: list[dict[str, str]] = (await visitor.ask("booking.slots", query, "booking.slots"))["data"]["slots"]
    return slots


async def test_a_conversation_goes_to_the_address_that_was_confirmed_in_it(visit: Visit, backstage: Backstage):
    """Once an hour, with what was said in it; before the address is confirmed, to nobody."""
    async with visit() as visitor:
        refused = await visitor.ask("transcript.request", {}, "chat.final")
        assert refused["data"]["code"] == "INVALID_CONTACT"
        await visitor.ask("chat.send", {"text": "Do you have <b>parking</b>?"}, "chat.final")
        address = fresh_address()
        pending = await hold(visitor, await free_slot(visitor), address)
        await confirm(visitor, pending, address, backstage)
        sent = await visitor.ask("transcript.request", {}, "chat.final")
        assert sent["data"]["announces"] == "transcript_sent"
        again = await visitor.ask("transcript.request", {}, "chat.final")
        assert again["data"]["code"] == "RATE_LIMITED"
        assert again["data"]["retry_after_ms"] > 3_500_000

    email = await backstage.email(address, number=3)
    assert email["Subject"].startswith("Your conversation with ")
    assert "    Do you have <b>parking</b>?" in str(email)
    assert "&lt;b&gt;parking&lt;/b&gt;" in str(email)
