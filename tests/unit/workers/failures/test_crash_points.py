"""The ledger's worker dies at every step there is: each letter is entered once, and its visitor is told once."""

import pytest

from shared.consumer.disposition import Ack
from tests.fakes.mortal import DiedError, Fate, Mortal
from tests.unit.workers.failures.conftest import LEASE, Ledger, body_of, copied

LETTERS = {
    "moved by the queue": (body_of(), None, 1),
    "copied by a worker": (body_of(), copied(), 0),
    "unreadable": ("no json", copied(reason="not_json"), 0),
}


async def lived(fate, letter):
    """Return the ledger after a letter was taken and deleted, by as many workers as that took."""
    body, attributes, _ = LETTERS[letter]
    ledger = Ledger(mortal=lambda port: Mortal(port, fate))
    ledger.queue.send(body, group="s1")
    while ledger.queue.bodies():
        try:
            received = await ledger.received(attributes)
            fate.pass_moment("after the receive")
            disposition = await ledger.processor.process(received)
            fate.pass_moment("before the settlement")
            assert disposition == Ack()
            await deleted(ledger, fate, received)
        except DiedError:
            # Nobody notices until message and command are free again.
            ledger.clock.turn(LEASE * 1.1)
    return ledger


async def deleted(ledger, fate, received):
    # The settler sends from a task of its own, where a death would be nobody's; so the queue is asked here.
    await Mortal(ledger.queue, fate).delete([received])


@pytest.mark.parametrize("letter", LETTERS)
async def test_a_death_at_any_step_loses_nothing_and_repeats_nothing(letter):
    """One failure with one line in its story, one frame for whoever waits; whatever step was the last."""
    *_, frames = LETTERS[letter]
    whole = Fate()
    await lived(whole, letter)
    assert whole.moments >= (14 if frames else 6)
    for moment in range(whole.moments):
        fate = Fate(moment)
        ledger = await lived(fate, letter)
        assert fate.died_in
        [failure] = ledger.failures.rows.values()
        assert (len(failure.audit_trail), failure.version) == (1, 1), fate.died_in
        assert len(ledger.errors()) == frames, fate.died_in
        assert ledger.claims.records.get("k1") is None or ledger.claims.records["k1"].done, fate.died_in


@pytest.mark.parametrize("letter", LETTERS)
async def test_the_ledger_has_it_before_the_queue_forgets_it(letter):
    """At every moment the letter is in one of the two."""
    body, attributes, _ = LETTERS[letter]
    whole = Fate()
    await lived(whole, letter)
    for moment in range(whole.moments):
        fate = Fate(moment)
        ledger = Ledger(mortal=lambda port, fate=fate: Mortal(port, fate))
        ledger.queue.send(body, group="s1")
        try:
            received = await ledger.received(attributes)
            fate.pass_moment("after the receive")
            await ledger.processor.process(received)
            fate.pass_moment("before the settlement")
            await deleted(ledger, fate, received)
        except DiedError:
            pass
        assert ledger.queue.bodies() or ledger.failures.rows, fate.died_in
