"""The first page: open failures, their plot, and the figures of the queues."""

from dataclasses import replace
from datetime import timedelta

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
