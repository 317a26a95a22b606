"""How the widget displays times, especially those that a clock change repeats."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from booking_script import SERVICES, WARSAW, BookingScript
from playwright.async_api import Locator, Page, expect
from scripted_backend import Connection, ScriptedBackend

from shared.messages import server
from workers.notifications.adapters.templates import format_instant

pytestmark = pytest.mark.browser

HOUR = timedelta(hours=1)
ZONES = [
    *("Europe/Warsaw", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu"),
    *("Antarctica/Troll", "Antarctica/Casey"),
]
YEAR = datetime(2018, 1, 1, tzinfo=UTC)
"""The last year in which all zones with summer time changed their clocks twice, and Casey by three hours."""


def clocks_going_back(year: int) -> datetime:
    """Return 01:00 of the night in which Warsaw's clocks go back: the last Sunday of October."""
    last = datetime(year, 10, 31, 1, tzinfo=WARSAW)
    return last - timedelta(days=last.isoweekday() % 7)


async def night(
    page: Page, site: str, backend: ScriptedBackend, open_chat: Callable[[Page], Awaitable[Locator]]
) -> None:
    """Open the form of a business that is open in that night."""
    first = clocks_going_back(datetime.now(WARSAW).year + 1).astimezone(UTC)
    free = [
        server.Slot(start=start.astimezone(WARSAW), end=(start + HOUR).astimezone(WARSAW), service="consultation")
        for start in (first + number * HOUR for number in range(4))
    ]

    async def slots(connection: Connection, frame: dict[str, Any]) -> None:
        data = server.BookingSlotsData(slots=tuple(free), services=SERVICES, time_zone="Europe/Warsaw")
        await connection.session.post(server.BookingSlots(re=frame["id"], data=data))

    backend.on["booking.slots"] = slots
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("book").click()
    await page.get_by_test_id("booking-service").select_option("consultation")
    await expect(page.get_by_test_id("time")).to_have_count(4)


async def test_a_repeated_hour(
    page: Page, site: str, backend: ScriptedBackend, open_chat: Callable[[Page], Awaitable[Locator]]
) -> None:
    """The offsets distinguish the two hours; the hours before and after have none."""
    await night(page, site, backend, open_chat)
    times = page.get_by_test_id("time")
    await expect(times).to_have_text(["01:00", "02:00 (GMT+02:00)", "02:00 (GMT+01:00)", "03:00"])
    await times.nth(2).click()
    pressed = [await times.nth(number).get_attribute("aria-checked") for number in range(4)]
    assert pressed == ["false", "false", "true", "false"]


async def test_both_offsets_are_readable(
    page: Page, site: str, backend: ScriptedBackend, open_chat: Callable[[Page], Awaitable[Locator]]
) -> None:
    """The offsets fit into their buttons, also on a small phone."""
    await night(page, site, backend, open_chat)
    for width in (1280, 380, 320):
        await page.set_viewport_size({"width": width, "height": 800})
        for chip in await page.get_by_test_id("time").all():
            assert await chip.evaluate("node => node.scrollWidth <= node.clientWidth"), width


async def test_a_visit_in_that_night_fits_its_card(
    page: Page, site: str, backend: ScriptedBackend, open_chat: Callable[[Page], Awaitable[Locator]]
) -> None:
    """Both of its times have offsets, which are longer than a line of a small phone."""
    BookingScript(backend)
    await page.set_viewport_size({"width": 320, "height": 800})
    await night(page, site, backend, open_chat)
    await page.get_by_test_id("time").nth(1).click()
    await page.get_by_test_id("booking-contact").fill("anna@example.com")
    await page.get_by_test_id("booking-submit").click()
    card = page.get_by_test_id("appointment")
    await expect(card).to_contain_text("02:00 (GMT+02:00)–02:00 (GMT+01:00)")
    assert await card.evaluate("node => node.scrollWidth <= node.clientWidth")


def instants_of_year(zone: ZoneInfo, *, apart: int) -> list[datetime]:
    """Return the half hours of the days with and beside clock changes, and of the others one in `apart`."""

    def offset(instant: datetime) -> timedelta | None:
        return instant.astimezone(zone).utcoffset()

    return [
        instant
        for number in range(365 * 48)
        for instant in [YEAR + timedelta(minutes=30 * number)]
        if number % apart == 0 or offset(instant - timedelta(days=1)) != offset(instant + timedelta(days=1))
    ]


@pytest.mark.parametrize("apart", [13, pytest.param(1, marks=pytest.mark.soak)])
async def test_every_time_is_written_as_in_e_mails(page: Page, site: str, apart: int) -> None:
    """The half hours of a year in several zones, all of them around clock changes."""
    await page.goto(site)
    for name in ZONES:
        zone = ZoneInfo(name)
        instants = instants_of_year(zone, apart=apart)
        found = await page.evaluate(
            "async ([module, instants, zone]) => {"
            " const { formatTime } = await import(module); return instants.map((at) => formatTime(at, 'en', zone)); }",
            [f"{site}/widget/dates.js", [instant.isoformat() for instant in instants], name],
        )
        assert found == [format_instant(instant, "HH:mm", language="en", zone=zone) for instant in instants], name
