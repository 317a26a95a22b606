"""The chat widget in a real browser: a frame that is not as the contract says stops nothing."""

import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.async_api import Locator, Page, expect
from scripted_backend import ScriptedBackend
from widget_steps import messages

pytestmark = pytest.mark.browser
OpenChat = Callable[[Page], Awaitable[Locator]]
EXAMPLES = Path(__file__).parents[2] / "infra" / "contracts" / "examples.yaml"
WRONG = (None, True, 7, -1, 1e300, "", "x" * 20_000, [], [None, 1, "x"], {}, {"type": []})
STRANGE_TYPES = ("toString", "__proto__", "constructor", "valueOf", "hasOwnProperty", "", "chat.dance")


def spoil(frame: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the frame with each field missing, and with each wrong value in it."""
    for part in (None, *frame["data"]):
        fields = frame if part is None else frame["data"]
        for name in list(fields) if part is None else [part]:
            if name in {"v", "type", "seq"}:
                continue
            others = {key: value for key, value in fields.items() if key != name}
            for spoiled in (others, *({**others, name: wrong} for wrong in WRONG)):
                yield spoiled if part is None else {**frame, "data": spoiled}


def list_spoiled_frames() -> list[str]:
    """Return the frames of the contract's examples, spoiled in every way, as JSON; durable ones are numbered on."""
    examples = yaml.safe_load(EXAMPLES.read_text(encoding="utf-8"))["server-frame"]
    texts, seq = [], 0
    # A valid welcome or end of another session would begin a new conversation, as it should.
    known = [frame for frame in examples if frame["type"] not in {"welcome", "session.ended"}]
    strange = [{"v": 1, "type": name, "re": "x", "seq": 1, "data": {"text": "x"}} for name in STRANGE_TYPES]
    for frame in [*(spoiled for each in known for spoiled in spoil(each)), *strange]:
        if "seq" in frame:
            seq += 1
            frame["seq"] = seq
        texts.append(json.dumps(frame, default=str))
    return texts


async def test_spoiled_frames_stop_nothing(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """After all of them a reply is displayed, the form opens, and no error was uncaught (the page checks that)."""
    await page.goto(site)
    await open_chat(page)
    await backend.wait_for("hello")
    connection = backend.connections[0]
    texts = list_spoiled_frames()
    assert len(texts) > 1000
    for text in texts:
        await connection.send_text(text)
    for seq in ("1", 0, -1, 1.5, 2**60, [], {}):
        await connection.send_text(json.dumps({"v": 1, "type": "chat.final", "re": "x", "seq": seq, "data": {}}))
    welcome = {"v": 1, "type": "welcome", "re": "x"}
    for data in (None, {}, [], {"session_id": 1, "session": 2}, {"session_id": "other"}):
        await connection.send_text(json.dumps({**welcome, "data": data}))
    last = sum('"seq"' in text for text in texts) + 1
    final = {"v": 1, "type": "chat.final", "re": "good", "seq": last, "data": {"text": "I go on.", "actions": []}}
    await connection.send_text(json.dumps(final))
    await expect(messages(page, "answer").filter(has_text="I go on.")).to_have_count(1)
    await page.get_by_test_id("book").click()
    await expect(page.get_by_test_id("booking-form")).to_be_visible()
    assert len(backend.connections) == 1
