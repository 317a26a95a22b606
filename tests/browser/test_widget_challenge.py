"""A challenge before a hold: solved by the browser, on a page with a strict policy, and seen by nobody."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from booking_script import BookingScript
from playwright.async_api import Page, expect
from scripted_backend import Connection, ScriptedBackend
from widget_steps import OpenChat, hold

from infra.local.site.server import SiteConfig
from shared.ids import derive_command_key
from shared.messages import server
from shared.messages.errors import ErrorCode
from workers.booking.adapters.altcha_challenges import AltchaChallenges

pytestmark = pytest.mark.browser

PLAIN_PAGE = Path(__file__).parent / "page"
STRICT = (
    """<meta http-equiv="Content-Security-Policy" content="require-trusted-types-for 'script'; trusted-types 'none'">"""
)
"""Beside the policy of the site, which forbids inline scripts, `eval` and workers from elsewhere."""


class ChallengingScript(BookingScript):
    """Holds a time for a client with a proof."""

    def __init__(self, backend: ScriptedBackend, *, tries: int = 20) -> None:
        super().__init__(backend)
        self.challenges = AltchaChallenges(secret=b"a secret of the deployment", tries=tries)
        self.proofs: list[bool] = []

    async def _create(self, connection: Connection, frame: dict[str, Any]) -> None:
        command_id = derive_command_key("studio-lumen", connection.session.token, frame["id"])
        now = datetime.now(UTC)
        if "proof" in frame:
            self.proofs.append(self.challenges.is_proof(frame["proof"], command_id, at=now))
            await super()._create(connection, frame)
            return
        await connection.send(server.Ack(re=frame["id"]))
        data = server.ErrorData(
            code=ErrorCode.CHALLENGE_REQUIRED,
            retryable=True,
            message="Wyślij ponownie.",
            challenge=self.challenges.issue(command_id, at=now),
        )
        await connection.session.store(server.Error(re=frame["id"], data=data))


@pytest.fixture
async def strict_site(
    serve_site: Callable[[SiteConfig, Path], Awaitable[str]], backend: ScriptedBackend, tmp_path: Path
) -> str:
    """Serve the plain page with the policy; return its address."""
    pages = await asyncio.to_thread(shutil.copytree, PLAIN_PAGE, tmp_path / "pages")
    index = pages / "index.html"
    index.write_text(index.read_text(encoding="utf-8").replace("<meta ", f"{STRICT}<meta ", 1), encoding="utf-8")
    config = SiteConfig(websocket_url=backend.url, tenant="studio-lumen", aws_endpoint_url="http://127.0.0.1:9")
    return await serve_site(config, pages)


async def test_a_challenge_is_solved_unseen(
    page: Page, strict_site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """The visitor presses the button once, and the time is held; the solver is loaded only then."""
    script = ChallengingScript(backend)
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    await hold(page, strict_site, open_chat)
    assert script.proofs == [True]
    assert len([url for url in loaded if url.endswith("/proof.js")]) == 1
    await expect(page.get_by_test_id("notice")).to_have_count(0)
    [first, second] = backend.frames("booking.create")
    assert {name: value for name, value in second.items() if name != "proof"} == first
    await page.reload()
    await open_chat(page)
    await expect(page.get_by_test_id("appointment")).to_have_attribute("data-stage", "pending")
    await expect(page.get_by_test_id("notice")).to_have_count(0)


async def test_a_visitor_who_leaves_the_form_cancels_the_work(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """Nothing is held, and the conversation says so."""
    script = ChallengingScript(backend, tries=10**9)
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("book").click()
    await page.get_by_test_id("booking-service").select_option("consultation")
    await page.get_by_test_id("time").first.click()
    await page.get_by_test_id("booking-contact").fill("anna@example.com")
    async with page.expect_request("**/proof.js"):
        await page.get_by_test_id("booking-submit").click()
    await page.get_by_test_id("booking-back").click()
    await expect(page.get_by_test_id("notice")).to_have_count(1)
    assert script.proofs == []
