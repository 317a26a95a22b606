"""A visitor asks for a person: one alert, the mark at the desk, and a sentence that says when somebody answers."""

import html
import re
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from infra.local.stack import Stack
from shared.ids import derive_id
from tests.deadlines import DEADLINE_SECONDS
from tests.e2e.backstage import Backstage
from tests.e2e.visitor import Visit

pytestmark = pytest.mark.e2e

_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@pytest.fixture
async def desk(stack: Stack) -> AsyncIterator[httpx2.AsyncClient]:
    """Return the pages of the desk, signed in."""
    described = stack.describe()
    address = str(described["desk_url"]).partition("/sign-in")[0]
    async with httpx2.AsyncClient(base_url=address, timeout=DEADLINE_SECONDS, follow_redirects=True) as http:
        page = await http.get("/sign-in")
        form = {"csrf": find_csrf(page.text), "token": str(described["desk_token"])}
        assert (await http.post("/sign-in", data=form, headers={"Origin": address})).status_code == 200
        yield http


def find_csrf(text: str) -> str:
    match = _CSRF.search(text)
    assert match, text[:500]
    return html.unescape(match.group(1))


def list_alerts(backstage: Backstage, *command_ids: str) -> list[str]:
    """Return the commands whose alert the notifications worker has sent."""
    done = {row["command_key"] for row in backstage.rows("processed") if row.get("done")}
    return [command for command in command_ids if derive_id(command, "handover_alert") in done]


def read_row(backstage: Backstage, session: str) -> dict[str, Any]:
    [row] = [row for row in backstage.rows("conversations") if row["session_id"] == session and row["seq"] == 0]
    return row


async def test_a_visitor_asks_for_a_person(visit: Visit, backstage: Backstage, stack: Stack, desk: httpx2.AsyncClient):
    """Asked twice, the second time from the same frame again: one final each, one alert, a mark that staff clear."""
    day = f"/today/{stack.options.tenant}"
    async with visit(greet=False) as visitor:
        session = (await visitor.hello(locale="en"))["data"]["session_id"]
        calls = backstage.model_calls()
        data = {"note": "My <b>parcel</b> has not arrived.", "contact": "512 345 678"}
        final = await visitor.ask("handover.request", data, "chat.final", frame_id="h1")
        is_open = backstage.profile.is_open(datetime.now(UTC))
        assert final["data"]["announces"] == ("handover_requested" if is_open else "handover_closed")
        assert final["data"]["text"].startswith("Our team knows that you would like to talk to a person. We are ")
        await visitor.send("handover.request", data, frame_id="h1")
        await visitor.until("ack", re="h1")
        second = await visitor.ask("handover.request", {"note": "Hello?"}, "chat.final", frame_id="h2")
        assert second["data"]["text"].startswith("Your request to talk to a person is already noted.")
        refused = await visitor.ask("handover.request", {"contact": "512"}, "chat.final")
        assert (refused["type"], refused["data"]["code"]) == ("error", "INVALID_CONTACT")
        assert backstage.model_calls() == calls

        # The assistant answers meanwhile, and knows nothing of the request.
        assert (await visitor.ask("chat.send", {"text": "Where are you?"}, "chat.final"))["data"]["text"]
        row = read_row(backstage, session)
        commands = [request["id"] for request in row["requests"]]
        assert (len(commands), commands[0]) == (2, row["waiting_for"])
        await backstage.until(lambda: bool(list_alerts(backstage, *commands)))
        for path in (day, f"{day}/conversations/{session}"):
            page = await desk.get(path)
            assert "Waits for a person since" in page.text, path
            for expected in ("My &lt;b&gt;parcel&lt;/b&gt; has not arrived.", "Contact: +48512345678", "Hello?"):
                assert expected in page.text, (path, expected)
        form = {"csrf": find_csrf(page.text), "press_id": uuid.uuid4().hex}
        page = await desk.post(f"{day}/conversations/{session}/take-over", data=form)
        assert 'data-testid="waits-for-person"' not in page.text
        await visitor.until("chat.final")
        active = await visitor.ask("handover.request", {}, "chat.final")
        assert active["data"]["announces"] == "handover_active"
        assert "waiting_since" not in read_row(backstage, session)
        finals = [frame["re"] for frame in visitor.seen if frame["type"] == "chat.final" and "re" in frame]
        assert len(finals) == len(set(finals)), "one final for each command"
        asked_later = [request["id"] for request in read_row(backstage, session)["requests"]]
        assert list_alerts(backstage, *asked_later) == commands[:1]
        assert backstage.dead_letters("notifications") == []
