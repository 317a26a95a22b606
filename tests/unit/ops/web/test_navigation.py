"""How an owner finds failures: from the overview, from a conversation, and by a visitor's contact."""

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


def mark_replayed(failure, at):
    return replace(
        failure,
        state=FailureState.REPLAYING,
        replays=1,
        audit_trail=(AuditEntry(at, "Ola", "replayed", ReplayNumber(1)),),
    )


def figures(page):
    """Return the figures of the tiles by their links."""
    tiles = re.findall(r'class="tile[^"]*" href="([^"]+)"[^>]*>\s*<span class="figure">([^<]+)<', page)
    return {html.unescape(address): int(figure) for address, figure in tiles}


def count_failures(page):
    return page.count('data-testid="failure"')


def test_a_lost_replay_is_open(owner, world):
    """The list, the overview and the replay of all open failures include it, but no running replay."""
    world.ledger.rows = {"f-ania": mark_replayed(world.failure(), world.clock.now())}
    assert count_failures(owner.get("/failures").text) == 0
    assert figures(owner.get("/").text)["/failures"] == 0
    world.clock.advance(REPLAY_TIMEOUT - MINUTE)
    assert "no outcome recorded" not in owner.get("/failures/f-ania").text
    world.clock.advance(MINUTE)
    text = owner.get("/failures").text
    assert (count_failures(text), "no outcome recorded" in text) == (1, True)
    assert figures(owner.get("/").text)["/failures"] == 1
    assert "Found: 1" in owner.get("/failures/all").text
    assert "no outcome recorded" in owner.get("/failures/f-ania").text
    owner.get("/failures/all")
    owner.send("/failures/all", do="replay", rate="50")
    owner.follow()
    assert world.failure().replays == 2


def test_a_list_with_more_pages_is_not_called_empty(owner, world):
    """Open failures may follow after hundreds of running replays."""
    failure = world.failure()
    world.ledger.rows = {"old": replace(failure, failure_id="old", last_at=NOON - 20 * MINUTE)}
    for number in range(1_001):
        row = replace(failure, failure_id=f"n{number}", last_at=NOON)
        world.ledger.rows[row.failure_id] = mark_replayed(row, world.clock.now())
    text = owner.get("/failures").text
    assert "Nothing is waiting for you" not in text
    [link] = re.findall(r'href="(/failures\?after=[^"]+)"', text)
    assert count_failures(owner.get(html.unescape(link)).text) == 1


@pytest.mark.parametrize("state", ["replaying", "resolved", "discarded"])
def test_figures_match_the_linked_lists(owner, world, state):
    """Also in the span of time."""
    state = FailureState(state)
    for number, hours in enumerate((1, 47, 49, 24 * 6)):
        row = replace(world.failure(), failure_id=f"n{number}", state=state, last_at=NOON - timedelta(hours=hours))
        world.ledger.rows[row.failure_id] = row
    [(address, figure)] = [(one, n) for one, n in figures(owner.get("/").text).items() if f"state={state}" in one]
    assert (figure, count_failures(owner.get(address).text)) == (2, 2)


def test_a_conversation_links_to_its_failures(salon_owner, world):
    """In every state, and without those of other conversations."""
    session = "session-salon-ania"
    salon_owner.http.portal.call(store_frames(world, sent("Dogs?"), final("No idea."), session=session))
    world.ledger.rows["f-ania"] = replace(world.failure(), state=FailureState.RESOLVED)
    world.ledger.rows["other"] = replace(world.failure(), failure_id="other", session_id="another")
    text = salon_owner.get(f"/today/salon-ania/conversations/{session}").text
    [link] = re.findall(r'href="([^"]+)" data-testid="its-failures"', text)
    text = salon_owner.get(html.unescape(link)).text
    assert count_failures(text) == 1
    assert "/failures/f-ania" in text


def test_a_list_has_masked_contacts(owner):
    """An owner recognizes the visitor by it; other personal data is not shown."""
    text = owner.get("/failures").text
    assert text.count("a***@e***.com") == 2
    for hidden in ("anna@example.com", "Nowak", "Secret words"):
        assert hidden not in text
