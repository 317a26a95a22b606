"""How an owner comes to what failed: from what waits, from a conversation, by a visitor's contact."""

import html
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from ops.desk.domain.transitions import REPLAY_TIMEOUT
from shared.ledger.audit_details import ReplayNumber
from shared.ledger.failures import AuditEntry, FailureState
from tests.fakes.clock import NOON
from tests.unit.ops.web.conversations import final, sent, store_frames

MINUTE = timedelta(minutes=1)


def replayed(failure, at):
    return replace(
        failure,
        state=FailureState.REPLAYING,
        replays=1,
        audit_trail=(AuditEntry(at, "Ola", "replayed", ReplayNumber(1)),),
    )


def figures(page):
    """Return the address of each tile to its figure."""
    tiles = re.findall(r'class="tile[^"]*" href="([^"]+)"[^>]*>\s*<span class="figure">([^<]+)<', page)
    return {html.unescape(address): int(figure) for address, figure in tiles}


def found(page):
    return page.count('data-testid="failure"')


def test_a_replay_that_never_came_back_waits(owner, world):
    """The list, the overview's figure and the replay of all that was found have it; one under way they have not."""
    world.ledger.rows = {"f-ania": replayed(world.failure(), world.clock.now())}
    assert found(owner.get("/failures").text) == 0
    assert figures(owner.get("/").text)["/failures"] == 0
    world.clock.turn(REPLAY_TIMEOUT - MINUTE)
    assert "no outcome came" not in owner.get("/failures/f-ania").text
    world.clock.turn(MINUTE)
    text = owner.get("/failures").text
    assert (found(text), "no outcome came" in text) == (1, True)
    assert figures(owner.get("/").text)["/failures"] == 1
    assert "Found: 1" in owner.get("/failures/all").text
    assert "no outcome came" in owner.get("/failures/f-ania").text
    owner.get("/failures/all")
    owner.send("/failures/all", do="replay", rate="50")
    owner.follow()
    assert world.failure().replays == 2


def test_a_list_that_goes_on_does_not_say_that_nothing_waits(owner, world):
    """Behind hundreds of replays under way something may wait."""
    one = world.failure()
    world.ledger.rows = {"old": replace(one, failure_id="old", last_at=NOON - 20 * MINUTE)}
    for number in range(1_001):
        row = replace(one, failure_id=f"n{number}", last_at=NOON)
        world.ledger.rows[row.failure_id] = replayed(row, world.clock.now())
    text = owner.get("/failures").text
    assert "Nothing waits for you" not in text
    [link] = re.findall(r'href="(/failures\?after=[^"]+)"', text)
    assert found(owner.get(html.unescape(link)).text) == 1


@pytest.mark.parametrize("state", ["replaying", "resolved", "discarded"])
def test_figures_are_what_their_links_lead_to(owner, world, state):
    """Also of the time that they are about."""
    state = FailureState(state)
    for number, hours in enumerate((1, 47, 49, 24 * 6)):
        row = replace(world.failure(), failure_id=f"n{number}", state=state, last_at=NOON - timedelta(hours=hours))
        world.ledger.rows[row.failure_id] = row
    [(address, figure)] = [(one, n) for one, n in figures(owner.get("/").text).items() if f"state={state}" in one]
    assert (figure, found(owner.get(address).text)) == (2, 2)


def test_a_conversation_leads_to_its_failures(salon_owner, world):
    """Whatever became of them; those of other conversations are not there."""
    session = "session-salon-ania"
    salon_owner.http.portal.call(store_frames(world, sent("Dogs?"), final("No idea."), session=session))
    world.ledger.rows["f-ania"] = replace(world.failure(), state=FailureState.RESOLVED)
    world.ledger.rows["other"] = replace(world.failure(), failure_id="other", session_id="another")
    text = salon_owner.get(f"/today/salon-ania/conversations/{session}").text
    [link] = re.findall(r'href="([^"]+)" data-testid="its-failures"', text)
    text = salon_owner.get(html.unescape(link)).text
    assert found(text) == 1
    assert "/failures/f-ania" in text


def test_a_list_says_whose_it_is_without_saying_it(owner):
    """By the masked contact an owner knows a visitor, and nobody else does."""
    text = owner.get("/failures").text
    assert text.count("a***@e***.com") == 2
    for hidden in ("anna@example.com", "Nowak", "Secret words"):
        assert hidden not in text
