"""The first page: what waits, when it failed, and how the queues stand."""

from dataclasses import replace
from datetime import timedelta

from shared.errors import TransientError


def test_overview_counts_and_draws(owner, world):
    """The first page has what waits, a plot of the failures, and the queues' figures with their plots."""
    owner.http.portal.call(world.samples.take)
    world.clock.turn(timedelta(seconds=10))
    owner.http.portal.call(world.samples.take)
    text = owner.get("/").text
    assert '<span class="figure">2</span>' in text
    assert text.count("<svg") == 3
    assert "calendar&#39;s key" in text
    assert ("Bounces and complaints" in text, ">None<" in text) == (True, False)
    world.gauge.error = TransientError("queues.attributes: Throttling")
    owner.http.portal.call(world.samples.take)
    text = owner.get("/").text
    assert "can&#39;t be read" in text
    assert "Throttling" not in text


def test_many_are_counted_once_a_minute(owner, salon_owner, world):
    """Hundreds of failures are not read again for every look at the first page; few are, and nobody sees another's."""
    for number in range(300):
        one = replace(world.failure(), failure_id=f"n{number}")
        world.ledger.rows[one.failure_id] = one
    assert '<span class="figure">302</span>' in owner.get("/").text
    assert '<span class="figure">301</span>' in salon_owner.get("/").text
    world.ledger.rows = {"f-ania": world.failure()}
    assert '<span class="figure">302</span>' in owner.get("/").text
    world.clock.turn(timedelta(minutes=1))
    assert '<span class="figure">1</span>' in owner.get("/").text
    world.ledger.rows = {}
    assert '<span class="figure">0</span>' in owner.get("/").text
