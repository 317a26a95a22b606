"""Several failures are replayed or discarded together, and a run shows how far it has come."""

from dataclasses import replace

from shared.ledger.failures import FailureState


def follow_until_ended(browser):
    """Follow a run until it has ended; return its page."""
    for _ in range(200):
        page = browser.follow() if browser.last.status_code == 303 else browser.get(str(browser.last.url))
        if "data-refresh" not in page.text:
            return page.text
    raise AssertionError("the run does not end")


def test_replays_those_that_are_selected(owner, world):
    """Several are replayed together, and the page says how many were."""
    owner.get("/failures")
    owner.send("/failures/selected", id=["f-ania", "f-bea"], do="replay")
    assert "2 messages were replayed." in follow_until_ended(owner)
    assert {one.failure_id for one in world.replays.queued} == {"f-ania", "f-bea"}


def test_discards_those_that_are_selected(owner, world):
    """Several are discarded for one reason; without one they are left alone, and the page says why."""
    owner.get("/failures")
    assert "2 messages were left alone:" in owner.send("/failures/selected", id=["f-ania", "f-bea"], do="discard").text
    assert (
        "2 messages were discarded."
        in owner.send("/failures/selected", id=["f-ania", "f-bea"], do="discard", reason="Test").text
    )
    assert {one.state for one in world.ledger.rows.values()} == {FailureState.DISCARDED}


def test_nothing_selected_changes_nothing(owner, world):
    """Without a selection the list is shown again; an action that there is not is refused."""
    before = dict(world.ledger.rows)
    owner.get("/failures")
    csrf = owner.csrf()
    assert owner.send("/failures/selected", csrf=csrf, do="replay").headers["location"] == "/failures"
    assert owner.send("/failures/selected", csrf=csrf, id="f-ania", do="explode").status_code == 400
    assert world.ledger.rows == before


def test_replays_all_that_a_filter_finds(owner, world):
    """What a filter finds is counted first, tried without effect, then replayed."""
    world.ledger.rows["f-bea"] = replace(world.failure("f-bea"), reason="timeout")
    assert "Found: 1" in owner.get("/failures/all?reason=timeout").text
    owner.send("/failures/all", reason="timeout", rate="50", do="dry_run")
    assert "would be booked" in follow_until_ended(owner)
    assert world.replays.queued == []
    owner.get("/failures/all?reason=timeout")
    owner.send("/failures/all", reason="timeout", rate="50", do="replay")
    follow_until_ended(owner)
    assert [one.failure_id for one in world.replays.queued] == ["f-bea"]


def test_a_run_is_its_owners(owner, salon_owner):
    """Nobody else sees how far somebody's replay has come."""
    owner.get("/failures")
    run = owner.send("/failures/selected", id="f-ania", do="replay").headers["location"]
    assert owner.get(run).status_code == 200
    other = type(owner)(owner.http.app)
    other.sign_in("Eve")
    assert other.get(run).status_code == 404
    assert salon_owner.get("/runs/nothing").status_code == 404
