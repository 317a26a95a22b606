"""The page that explains to owners why a time is not offered."""

import re
from datetime import timedelta

import pytest

from shared.errors import TransientError
from tests.fakes.clock import NOON
from tests.fakes.tenants import FakeTenants
from tests.unit.ops.web.conftest import Browser, profile
from tests.unit.workers.booking.handler.conftest import World as Booking
from workers.booking.domain.values import Interval
from workers.booking.facade import BookingFacade

PAGE = "/today/salon-ania/times"
VACATION = {"senders": {"email": "salon@example.com"}, "closed_ranges": [{"first": "2026-01-20", "last": "2026-01-21"}]}


@pytest.fixture
def booking(world):
    """Return the booking of the salon, which the desk asks."""
    salon = type(profile()).model_validate(profile().model_dump(exclude_unset=True) | VACATION)
    asked = Booking(salon, NOON)

    async def open_ports():
        return asked.ports

    world.tenants = FakeTenants({"salon-ania": salon, "studio-bea": profile("Studio Bea")})
    world.booking = BookingFacade(appointments=asked.appointments, open_ports=open_ports)
    return asked


@pytest.fixture
def browser_in(world, booking):
    """Return the owner's browser in a language."""

    def browser_in(language):
        browser = Browser(world.app(tenants=frozenset({"salon-ania"})), language=language)
        browser.sign_in()
        return browser

    return browser_in


def read_rules(page):
    """Return the rules that a page names, with their sentences."""
    return re.findall(r'<li data-rule="(\w+)">([^<]*[^<\s])', page)


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("en", ["Tuesday, 20 January 2026 is in a range of dates", "It is outside of opening hours."]),
        ("pl", ["20 stycznia 2026 firma jest zamknięta", "Wypada poza godzinami otwarcia."]),
        ("de", ["20. Januar 2026 liegt in einem Zeitraum", "Sie liegt außerhalb der Öffnungszeiten."]),
    ],
)
def test_every_rule_that_blocks_a_time_is_displayed(browser_in, language, sentences):
    """In the reader's language, in order."""
    rules = read_rules(browser_in(language).get(f"{PAGE}?service=massage&time=2026-01-20T08:00").text)

    assert [rule for rule, _ in rules] == ["closed_range", "opening_hours"]
    assert all(sentence in text for sentence, (_, text) in zip(sentences, rules, strict=True))


def test_an_offered_time_is_displayed_as_such(browser_in):
    """The day links to the page, which asks for a service and a time; the answer keeps both."""
    browser = browser_in("en")
    assert f'href="{PAGE}"' in browser.get("/today/salon-ania").text
    assert 'data-testid="explanation"' not in browser.get(PAGE).text

    page = browser.get(f"{PAGE}?service=massage&time=2026-01-13T10:00").text

    assert "Visitors can book this time." in page
    assert read_rules(page) == []
    assert 'value="2026-01-13T10:00"' in page
    assert '<option value="massage" selected>' in page


def test_what_occupies_a_time_is_displayed(browser_in, booking):
    """A visit, a hold and an entry of a calendar, with their times."""
    browser = browser_in("en")
    browser.http.__enter__()
    browser.http.portal.call(booking.held, "2026-01-13T10:00")
    booking.calendar.block(Interval(NOON + timedelta(days=1), NOON + timedelta(days=1, hours=1)))

    held = browser.get(f"{PAGE}?service=massage&time=2026-01-13T10:00").text
    assert "Held until its code is entered: Tue 13 Jan 2026, 10:00 – Tue 13 Jan 2026, 11:00" in held
    busy = browser.get(f"{PAGE}?service=massage&time=2026-01-13T13:00").text
    assert "Entry in the calendar" in busy
    assert "<code>calendar</code>" in busy
    browser.http.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("service=haircut&time=2026-01-13T10:00", "There is no such service."),
        ("service=massage&time=<script>", "This is not a time."),
        ("service=massage&time=2026-03-29T02:30", "This time does not exist"),
    ],
)
def test_what_is_no_time_of_a_service_is_reported(browser_in, query, message):
    """Beside the field; what was typed is escaped."""
    page = browser_in("en").get(f"{PAGE}?{query}").text
    assert message in page
    assert "<script>" not in page.replace("<script src=", "")


def test_another_business_is_not_explained(browser_in):
    """As if there were none."""
    assert browser_in("en").get("/today/studio-bea/times?service=massage&time=2026-01-13T10:00").status_code == 404


def test_an_unreadable_calendar_is_no_answer(browser_in, booking):
    """The page is unavailable: neither offered nor blocked."""
    booking.calendar.fail("find_busy_times", TransientError("calendar.busy: 503"))
    assert browser_in("en").get(f"{PAGE}?service=massage&time=2026-01-13T10:00").status_code == 503
