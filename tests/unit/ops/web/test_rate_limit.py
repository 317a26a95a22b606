"""The rate of replays of all that a filter finds, and the ids on a failure's page that lead to its log lines."""

from dataclasses import replace

import pytest

from tests.fakes.noting_desk import NotingDesk
from tests.unit.ops.web.test_bulk_replay import follow_until_ended


@pytest.fixture
def rates(world):
    """Return the list of the rates with which the pages call the desk."""
    recorded = []

    class RecordingDesk(NotingDesk):
        def __init__(self, **ports):
            super().__init__(**ports)
            self.rates = recorded

    world.desk_type = RecordingDesk
    return recorded


@pytest.mark.parametrize(("chosen", "rate"), [("5", 5), ("20", 20), ("50", 50), ("1000000", 5), ("", 5)])
@pytest.mark.parametrize("do", ["replay", "dry_run"])
def test_the_selected_rate_is_used(rates, owner, chosen, rate, do):
    """An unknown rate is replaced by the slowest."""
    owner.get("/failures/all?reason=calendar_access_revoked")
    owner.send("/failures/all", reason="calendar_access_revoked", rate=chosen, do=do)
    follow_until_ended(owner)
    assert rates == [rate]


@pytest.mark.parametrize("field", ["trace", "attempts", "command_id", "session_id"])
def test_a_failures_page_has_its_ids(owner, world, field):
    """They are the search terms for the log."""
    value = {"trace": "1-5759e988-bd862e3fe1be46a994272793", "attempts": 4711}.get(field, f"the-{field}-of-it")
    world.ledger.rows["f-ania"] = replace(world.failure(), **{field: value})
    assert f">{value}<" in owner.get("/failures/f-ania").text
