"""A look at personal data: on record once, found again by the browser's Back, and over after a short time."""

import base64
import json
from dataclasses import replace

import pytest

from ops.web.sessions import UNMASK_DURATION

SECRET = "anna@example.com"


def asked(browser, action):
    """Ask for personal data from the failure's page; return the address that this leads to."""
    browser.get("/failures/f-ania")
    answer = browser.send(f"/failures/f-ania/{action}")
    assert (answer.status_code, answer.text) == (303, "")
    return answer.headers["location"]


def looks(world):
    return [entry.by for entry in world.failure().audit_trail if entry.action == "unmasked"]


@pytest.fixture(
    params=[("unmask", "/failures/f-ania/unmasked"), ("edit", "/failures/f-ania/edit")], ids=lambda one: one[0]
)
def way(request):
    """Return an action that shows personal data, and the page where it does."""
    return request.param


def test_a_look_is_found_again(owner, world, way):
    """Its page can be fetched as often as a browser wants, and the story has one look; nothing of it is kept."""
    action, page = way
    assert asked(owner, action) == page
    for _ in range(3):
        answer = owner.get(page)
        assert (answer.status_code, SECRET in answer.text) == (200, True)
        assert answer.headers["cache-control"] == "no-store"
    assert looks(world) == ["Ola"]
    asked(owner, action)
    assert looks(world) == ["Ola", "Ola"]


def test_a_look_ends(owner, world, way):
    """After a short time its page leads to the one that hides what it showed."""
    action, page = way
    asked(owner, action)
    world.clock.turn(UNMASK_DURATION)
    answer = owner.get(page)
    assert (answer.status_code, answer.headers["location"], answer.text) == (303, "/failures/f-ania", "")
    assert SECRET not in owner.follow().text


def test_nobody_else_takes_part_in_a_look(owner, world, way):
    """Neither another session, nor the next one of the same browser, nor one that never asked."""
    action, page = way
    other = type(owner)(owner.http.app)
    other.sign_in("Eve")
    assert other.get(page).status_code == 303
    asked(owner, action)
    assert other.get(page).status_code == 303
    owner.get("/")
    owner.send("/sign-out")
    assert owner.get(page).headers["location"].startswith("/sign-in")
    owner.sign_in()
    assert owner.get(page).headers["location"] == "/failures/f-ania"
    assert looks(world) == ["Ola"]


def test_a_look_is_at_one_failure(owner, way):
    """Of the others nothing is shown; to look at the next one ends it."""
    _, page = way
    asked(owner, "unmask")
    assert owner.get(page.replace("ania", "bea")).headers["location"] == "/failures/f-bea"
    owner.get("/failures/f-bea")
    owner.send("/failures/f-bea/unmask")
    assert owner.get(page).status_code == 303


def test_a_look_does_not_outlive_the_right_to_it(salon_owner, world):
    """A failure that is another business's by now looks like none."""
    page = asked(salon_owner, "unmask")
    world.ledger.rows["f-ania"] = world.failure("f-bea")
    assert salon_owner.get(page).status_code == 404


def test_the_cookie_knows_which_and_until_when(owner):
    """And nothing of what was shown."""
    page = asked(owner, "unmask")
    owner.get(page)
    [value] = owner.http.cookies.values()
    content = json.loads(base64.b64decode(value.partition(".")[0]))
    assert content["look"] == {"of": "f-ania", "until": "2026-01-12T12:05:00+00:00"}
    assert set(content) == {"id", "name", "tenants", "until", "form_token", "look"}


def test_what_can_no_longer_be_edited_has_no_form(owner, world):
    """The form's page leads back to the failure."""
    page = asked(owner, "edit")
    world.ledger.rows["f-ania"] = replace(world.failure(), payload="no JSON")
    assert owner.get(page).headers["location"] == "/failures/f-ania"
