"""Who hears an answer while it streams: tabs that are opened, reloaded or closed meanwhile."""

from datetime import timedelta

import pytest

from shared.errors import TransientError
from tests.fakes.model import Do, Pause
from tests.fakes.turned_loop import run_turned
from workers.chat.handler.listeners import REFRESH_SECONDS

WAIT = Pause(REFRESH_SECONDS + 0.5)


def greet(world, name, seconds_ago=0):
    """Open a connection and let it say `hello`."""
    at = world.clock.now() - timedelta(seconds=seconds_ago)
    world.connections.open("session", name, locale="", at=at)


@pytest.mark.parametrize(
    ("seconds_ago", "locale", "joins"), [(0, "", True), (0, "de", True), (0, None, False), (10, None, True)]
)
def test_a_connection_that_comes_during_an_answer_joins_it(world_of, seconds_ago, locale, joins):
    """It gets the typing frame, the text so far from its beginning, and then what follows; not before its `hello`."""

    def open_tab():
        at = world.clock.now() - timedelta(seconds=seconds_ago)
        world.connections.open("session", "new", locale=locale, at=at)

    world = world_of(["One.", Pause(1), " Two.", Do(open_tab), WAIT, " Three.", Pause(1)])
    run_turned(world.handle())

    expected = ["typing", "chat.delta", "chat.delta", "chat.final"] if joins else ["chat.final"]
    assert world.poster.types("new") == expected
    texts = [{"offset": 0, "text": "One. Two."}, {"offset": 9, "text": " Three."}]
    assert world.deltas("new") == (texts if joins else [])


def test_a_connection_that_comes_before_the_first_word_gets_no_empty_delta(world_of):
    """Only the typing frame; then the answer from its beginning, as everyone."""
    world = world_of([Do(lambda: greet(world, "new")), WAIT, "One.", Pause(0.5)])
    run_turned(world.handle())

    assert world.poster.types("new") == ["typing", "chat.delta", "chat.final"]
    assert world.deltas("new") == world.deltas("tab") == [{"offset": 0, "text": "One."}]


def test_a_connection_that_closes_is_posted_to_once_more(world_of):
    """The first post that finds it gone is the last one, even if its row stays for a while."""
    world = world_of(["One.", Do(lambda: world.poster.gone.add("tab")), *[Pause(1), " More."] * 8])
    attempts = []
    post = world.poster.post

    async def note(connection_id, text):
        attempts.append(connection_id)
        return await post(connection_id, text)

    world.poster.post = note
    greet(world, "tab", seconds_ago=5)
    before = len(world.poster.posted)
    run_turned(world.handle())

    delivered = len(world.poster.posted) - before
    # One for the stream and one for the final, which reads the connections again.
    assert len(attempts) - delivered == 2
    assert world.stored[-1].data.text == "One." + " More." * 8


def test_a_new_connection_that_is_gone_is_posted_to_once(world_of):
    """Its row is still there at every further read."""

    def open_lost_tab():
        world.poster.gone.add("new")
        greet(world, "new")

    world = world_of(["One.", Do(open_lost_tab), *[WAIT, " More."] * 3, Pause(1)])
    refused = []
    post = world.poster.post

    async def note(connection_id, text):
        is_alive = await post(connection_id, text)
        if not is_alive:
            refused.append(connection_id)
        return is_alive

    world.poster.post = note
    run_turned(world.handle())

    assert refused == ["new", "new"]  # the typing frame and, by a read of its own, the final
    assert len(world.deltas("tab")) == 4


def test_connections_are_read_every_two_seconds_only_while_an_answer_streams(world_of):
    """An answer of seven seconds costs three reads more than one of a second; a read that fails is repeated."""
    reads = []

    def count_reads(script):
        world = world_of(script)
        list_connections, number = world.connections.list_connections, [0]

        async def note(session_id, *, may_lag=False):
            number[0] += may_lag
            if may_lag and number[0] == 2:
                raise TransientError("throttled")
            return await list_connections(session_id, may_lag=may_lag)

        world.connections.list_connections = note
        run_turned(world.handle())
        reads.append(number[0])

    count_reads([Pause(1), "Short."])
    count_reads([Pause(3.5), "Long", Pause(3.5), " answer."])
    assert reads == [1, 4]
