"""Unmasked pages: recorded once, available to the browser's Back for a few minutes, then masked again."""

import base64
import json
from dataclasses import replace

import pytest

from ops.web.sessions import UNMASK_DURATION

SECRET = "anna@example.com"


def request_unmasked(browser, action):
    """Request personal data on the failure's page; return the address of the redirect."""
    browser.get("/failures/f-ania")
    answer = browser.send(f"/failures/f-ania/{action}")
    assert (answer.status_code, answer.text) == (303, "")
    return answer.headers["location"]


def unmaskings(world):
    return [entry.by for entry in world.failure().audit_trail if entry.action == "unmasked"]


@pytest.fixture(
    params=[("unmask", "/failures/f-ania/unmasked"), ("edit", "/failures/f-ania/edit")], ids=lambda pair: pair[0]
)
def unmasked_page(request):
    """Return an action that requests personal data, and the page that shows it."""
    return request.param


def test_an_unmasked_page_can_be_fetched_again(owner, world, unmasked_page):
    """The audit trail has one entry however often the page is fetched, and the page is not cached."""
    action, page = unmasked_page
    assert request_unmasked(owner, action) == page
    for _ in range(3):
        answer = owner.get(page)
        assert (answer.status_code, SECRET in answer.text) == (200, True)
        assert answer.headers["cache-control"] == "no-store"
    assert unmaskings(world) == ["Ola"]
    request_unmasked(owner, action)
    assert unmaskings(world) == ["Ola", "Ola"]


def test_an_unmasked_page_expires(owner, world, unmasked_page):
    """After some minutes its address redirects to the masked page."""
    action, page = unmasked_page
    request_unmasked(owner, action)
    world.clock.advance(UNMASK_DURATION)
    answer = owner.get(page)
    assert (answer.status_code, answer.headers["location"], answer.text) == (303, "/failures/f-ania", "")
    assert SECRET not in owner.follow().text


def test_an_unmasked_page_belongs_to_one_session(owner, world, unmasked_page):
    """Other sessions and a later session of the same browser can't fetch it."""
    action, page = unmasked_page
    other = type(owner)(owner.http.app)
    other.sign_in(token=world.issue_token("Eve"))
    assert other.get(page).status_code == 303
    request_unmasked(owner, action)
    assert other.get(page).status_code == 303
    owner.get("/")
    owner.send("/sign-out")
    assert owner.get(page).headers["location"].startswith("/sign-in")
    owner.sign_in()
    assert owner.get(page).headers["location"] == "/failures/f-ania"
    assert unmaskings(world) == ["Ola"]


def test_an_unmasked_page_shows_one_failure(owner, unmasked_page):
    """Other failures stay masked, and unmasking another one ends it."""
    _, page = unmasked_page
    request_unmasked(owner, "unmask")
    assert owner.get(page.replace("ania", "bea")).headers["location"] == "/failures/f-bea"
    owner.get("/failures/f-bea")
    owner.send("/failures/f-bea/unmask")
    assert owner.get(page).status_code == 303


def test_the_operators_tenants_are_checked_each_time(salon_owner, world):
    """A failure that now belongs to another tenant looks unknown."""
    page = request_unmasked(salon_owner, "unmask")
    world.ledger.rows["f-ania"] = world.failure("f-bea")
    assert salon_owner.get(page).status_code == 404


def test_the_cookie_has_no_personal_data(owner):
    """It has the failure's id and the time of expiry."""
    page = request_unmasked(owner, "unmask")
    owner.get(page)
    [value] = owner.http.cookies.values()
    content = json.loads(base64.b64decode(value.partition(".")[0]))
    assert content["look"] == {"of": "f-ania", "until": "2026-01-12T12:05:00+00:00"}
    assert set(content) == {"id", "name", "tenants", "until", "token", "form_token", "look"}


def test_a_failure_that_is_not_editable_has_no_form(owner, world):
    """The address of the form redirects to the failure."""
    page = request_unmasked(owner, "edit")
    world.ledger.rows["f-ania"] = replace(world.failure(), payload="no JSON")
    assert owner.get(page).headers["location"] == "/failures/f-ania"
