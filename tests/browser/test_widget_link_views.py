"""The chat widget in a real browser, against a scripted backend: what a link in an e-mail displays."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from booking_script import LINKS, BookingScript, slot
from playwright.async_api import Locator, Page, expect
from scripted_backend import Connection, ScriptedBackend
from widget_steps import save_calendar_file

pytestmark = pytest.mark.browser
CANCEL, MOVE = LINKS["cancel"], LINKS["move"]
OpenChat = Callable[[Page], Awaitable[Locator]]


@pytest.fixture
def business(backend: ScriptedBackend) -> BookingScript:
    """Script a business whose visitor has a confirmed appointment from another conversation."""
    script = BookingScript(backend)
    script.state = "confirmed"
    script.foreign = True
    return script


async def lost(_connection: Connection, _frame: dict[str, Any]) -> None:
    """Leave a query without an answer."""


async def test_link_that_no_longer_works(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript
) -> None:
    """A foreign link, or one without its visit, is reported once, and another time can be booked."""
    business.state = None
    await page.goto(f"{site}/#stride-cancel={CANCEL}")
    await expect(page.get_by_test_id("visit-state")).to_contain_text("Ten link już nie działa")
    for name in ("visit-cancel", "visit-move", "visit-ics", "visit-retry"):
        await expect(page.get_by_test_id(name)).to_be_hidden()
    await page.get_by_test_id("visit-again").click()
    await expect(page.get_by_test_id("booking-form")).to_be_visible()
    await expect(page.get_by_test_id("notice")).to_have_count(0)
    assert len(backend.frames("booking.lookup")) == 1


async def test_link_displays_price_and_venue(page: Page, site: str, business: BookingScript) -> None:
    """A visitor who opens the e-mail on the way finds the address, and a number that can be called."""
    business.services = (business.services[0].model_copy(update={"price": "220 zł"}),)
    business.venue = {"address": "Świetlna 14", "phone": "+48 12 000 01 40"}
    await page.goto(f"{site}/#stride-move={MOVE}")
    visit = page.get_by_test_id("visit")
    await expect(visit).to_contain_text("Konsultacja fizjoterapeutyczna · 220 zł")
    await expect(visit.get_by_test_id("venue")).to_have_text("Świetlna 14 · +48 12 000 01 40")
    await expect(visit.get_by_test_id("phone")).to_have_attribute("href", "tel:+48120000140")


@pytest.mark.parametrize("token", ["", "too-short", "a" * 601, "%3Cscript%3E" + "a" * 20])
async def test_mutilated_link(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, token: str
) -> None:
    """An impossible token is not sent anywhere; the visitor is asked to open the link from the e-mail again."""
    await page.goto(f"{site}/#stride-cancel={token}")
    await expect(page.get_by_test_id("visit-state")).to_contain_text("Ten link jest niepełny")
    await backend.wait_for("hello")
    await expect(page.get_by_test_id("connection-status")).to_have_attribute("data-state", "open")
    await expect(page).to_have_url(f"{site}/")
    assert backend.frames("booking.lookup") == []


async def test_other_fragments_belong_to_the_page(page: Page, site: str, business: BookingScript) -> None:
    """A fragment of the page is not changed and opens nothing."""
    await page.goto(f"{site}/#kontakt")
    await expect(page.get_by_test_id("launcher")).to_be_visible()
    await expect(page).to_have_url(f"{site}/#kontakt")


async def test_link_on_an_open_page(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """A link also works on an open page, and leaves no entry in the history."""
    await page.goto(site)
    await open_chat(page)
    await page.evaluate(f"location.hash = 'stride-move={MOVE}'")
    await expect(page.get_by_test_id("visit")).to_be_visible()
    await expect(page).to_have_url(f"{site}/")


async def test_lookup_survives_a_disconnect(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript
) -> None:
    """After a disconnect an unanswered lookup is repeated, and an answered one, too, while the view is open."""
    answer = backend.on["booking.lookup"]
    backend.on["booking.lookup"] = lost
    await page.goto(f"{site}/#stride-cancel={CANCEL}")
    first = await backend.wait_for("booking.lookup")
    await expect(page.get_by_test_id("visit-state")).to_have_text("Sprawdzam wizytę…")
    backend.on["booking.lookup"] = answer
    await backend.connections[-1].socket.close()
    assert (await backend.wait_for("booking.lookup", 2))["id"] == first["id"]
    await expect(page.get_by_test_id("visit-cancel")).to_be_visible()

    business.state = "cancelled"
    await backend.connections[-1].socket.close()
    assert (await backend.wait_for("booking.lookup", 3))["id"] != first["id"]
    await expect(page.get_by_test_id("visit-state")).to_have_text("Ta wizyta jest odwołana.")
    await expect(page.get_by_test_id("visit-cancel")).to_be_hidden()
    await expect(page.get_by_test_id("visit-again")).to_be_visible()

    await page.get_by_test_id("visit-back").click()
    asked = len(backend.frames("booking.lookup"))
    await backend.connections[-1].socket.close()
    await backend.wait_for("hello", len(backend.frames("hello")) + 1)
    await expect(page.get_by_test_id("connection-status")).to_have_attribute("data-state", "open")
    assert len(backend.frames("booking.lookup")) == asked


async def test_unanswered_lookup_can_be_repeated(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript
) -> None:
    """Without an answer the view says so, and its button repeats the lookup."""
    answer = backend.on["booking.lookup"]
    backend.on["booking.lookup"] = lost
    await page.clock.install()
    await page.goto(f"{site}/#stride-cancel={CANCEL}")
    await backend.wait_for("booking.lookup")
    await page.clock.fast_forward("00:10")
    await backend.wait_for("booking.lookup", 2)
    await page.clock.fast_forward("00:10")
    await expect(page.get_by_test_id("visit-state")).to_have_text("Nie udało się wczytać wizyty.")
    backend.on["booking.lookup"] = answer
    await page.get_by_test_id("visit-retry").click()
    await expect(page.get_by_test_id("visit")).to_be_visible()
    await expect(page.get_by_test_id("visit-retry")).to_be_hidden()


async def test_only_allowed_actions_are_offered(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript
) -> None:
    """A visit that can no longer be changed is displayed with its file and without the buttons."""
    business.may_change = False
    await page.goto(f"{site}/#stride-cancel={CANCEL}")
    await expect(page.get_by_test_id("visit-state")).to_contain_text("Nie można jej już tutaj zmienić")
    await expect(page.get_by_test_id("visit-cancel")).to_be_hidden()
    await expect(page.get_by_test_id("visit-move")).to_be_hidden()
    await save_calendar_file(page, "visit-ics", f"wizyta-{slot(1, 9).start:%Y-%m-%d}.ics")


@pytest.mark.parametrize("purpose", ["cancel", "move"])
async def test_link_serves_one_purpose(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, purpose: str
) -> None:
    """A link offers only its own action, and the view says that the other one has its own link."""
    await page.goto(f"{site}/#stride-{purpose}={LINKS[purpose]}")
    await expect(page.get_by_test_id(f"visit-{purpose}")).to_be_visible()
    await expect(page.get_by_test_id("visit-move" if purpose == "cancel" else "visit-cancel")).to_be_hidden()
    await expect(page.get_by_test_id("visit-state")).to_contain_text("użyj drugiego linku")
