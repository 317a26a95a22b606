"""Bulk actions on failures, and the page of a run with its progress."""

from dataclasses import replace

from shared.ledger.failures import FailureState


def follow_until_ended(browser):
    """Reload the page of a run until it has ended; return the page."""
    for _ in range(200):
        page = browser.follow() if browser.last.status_code == 303 else browser.get(str(browser.last.url))
        if "data-refresh" not in page.text:
            return page.text
    raise AssertionError("the run does not end")


def test_replays_selected_failures(owner, world):
    """The page of the run has the number of replays."""
    owner.get("/failures")
    owner.send("/failures/selected", id=["f-ania", "f-bea"], do="replay")
    assert "2 messages were replayed." in follow_until_ended(owner)
    assert {failure.failure_id for failure in world.replays.queued} == {"f-ania", "f-bea"}


def test_discards_selected_failures(owner, world):
    """They share a reason; without a reason nothing is discarded, and the page says so."""
    owner.get("/failures")
    assert "2 messages were not changed:" in owner.send("/failures/selected", id=["f-ania", "f-bea"], do="discard").text
    assert (
        "2 messages were discarded."
        in owner.send("/failures/selected", id=["f-ania", "f-bea"], do="discard", reason="Test").text
    )
    assert {failure.state for failure in world.ledger.rows.values()} == {FailureState.DISCARDED}


def test_nothing_selected_changes_nothing(owner, world):
    """Without a selection the list is shown again; an unknown action is rejected."""
    before = dict(world.ledger.rows)
    owner.get("/failures")
    csrf = owner.csrf()
    assert owner.send("/failures/selected", csrf=csrf, do="replay").headers["location"] == "/failures"
    assert owner.send("/failures/selected", csrf=csrf, id="f-ania", do="explode").status_code == 400
    assert world.ledger.rows == before


def test_replays_all_that_a_filter_finds(owner, world):
    """The failures are counted first, then forecast in a dry run, then replayed."""
    world.ledger.rows["f-bea"] = replace(world.failure("f-bea"), reason="timeout")
    assert "Found: 1" in owner.get("/failures/all?reason=timeout").text
    owner.send("/failures/all", reason="timeout", rate="50", do="dry_run")
    assert "would be booked" in follow_until_ended(owner)
    assert world.replays.queued == []
    owner.get("/failures/all?reason=timeout")
    owner.send("/failures/all", reason="timeout", rate="50", do="replay")
    follow_until_ended(owner)
    assert [failure.failure_id for failure in world.replays.queued] == ["f-bea"]


def test_a_run_belongs_to_its_operator(owner, salon_owner, world):
    """Other operators can't see it."""
    owner.get("/failures")
    run = owner.send("/failures/selected", id="f-ania", do="replay").headers["location"]
    assert owner.get(run).status_code == 200
    other = type(owner)(owner.http.app)
    other.sign_in(token=world.issue_token("Eve"))
    assert other.get(run).status_code == 404
    assert salon_owner.get("/runs/nothing").status_code == 404
