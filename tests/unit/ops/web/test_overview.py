"""The first page: open failures, their plot, and the figures of the queues."""

from dataclasses import replace
from datetime import timedelta

from shared.circuits.breaker import CircuitState
from shared.circuits.ports import CircuitRecord
from shared.errors import TransientError


def test_the_overview_has_counts_and_plots(owner, world):
    """Figures that can't be read are reported without the text of the error."""
    owner.http.portal.call(world.samples.take_sample)
    world.clock.advance(timedelta(seconds=10))
    owner.http.portal.call(world.samples.take_sample)
    text = owner.get("/").text
    assert '<span class="figure">2</span>' in text
    assert text.count("<svg") == 3
    assert "calendar&#39;s key" in text
    assert ("Bounces and complaints" in text, ">None<" in text) == (True, False)
    world.gauge.error = TransientError("queues.attributes: Throttling")
    owner.http.portal.call(world.samples.take_sample)
    text = owner.get("/").text
    assert "can&#39;t be read" in text
    assert "Throttling" not in text


def test_many_are_counted_once_a_minute(owner, salon_owner, world):
    """Hundreds of failures are cached, few are not, and the cache is separate for each set of tenants."""
    for number in range(300):
        failure = replace(world.failure(), failure_id=f"n{number}")
        world.ledger.rows[failure.failure_id] = failure
    assert '<span class="figure">302</span>' in owner.get("/").text
    assert '<span class="figure">301</span>' in salon_owner.get("/").text
    world.ledger.rows = {"f-ania": world.failure()}
    assert '<span class="figure">302</span>' in owner.get("/").text
    world.clock.advance(timedelta(minutes=1))
    assert '<span class="figure">1</span>' in owner.get("/").text
    world.ledger.rows = {}
    assert '<span class="figure">0</span>' in owner.get("/").text


def test_the_overview_names_what_workers_do_not_call(owner, salon_owner, world):
    """Only to those who see all businesses; without the table the page has the rest."""
    assert "circuits" not in owner.get("/").text
    record = CircuitRecord(
        "booking host 7",
        "google_calendar",
        "a***@e***.com",
        CircuitState.OPEN,
        world.clock.now() - timedelta(minutes=2),
    )
    world.circuits.stored = {1: record, 2: replace(record, process="booking host 8", state=CircuitState.CLOSED)}
    text = owner.get("/").text
    for part in ("google_calendar a***@e***.com", "booking host 7", "booking host 8", "2 minutes ago"):
        assert part in text
    assert ("Not called for now" in text, "Back" in text) == (True, True)
    assert "booking host" not in salon_owner.get("/").text
    world.circuits.outage = TransientError("no table")
    assert '<span class="figure">2</span>' in owner.get("/").text
