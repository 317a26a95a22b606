"""A visitor who waits without a word is told that the answer is still coming."""

from tests.fakes.model import Pause
from tests.fakes.turned_loop import run_turned


def count_reports(world_of, script):
    world = world_of(script)
    world.connections.open("session", "able", capabilities=["progress", "challenge"])
    run_turned(world.handle())
    assert "progress" not in world.poster.types("tab")
    assert all(frame.type != "progress" for frame in world.stored)
    return [kind for kind in world.poster.types("able") if kind != "typing"]


def test_six_seconds_without_a_word_are_reported(world_of):
    """Once in ten seconds at most, only to clients that know the frame, and never stored."""
    for script, expected in [
        ([Pause(5.9), "Hello"], []),
        ([Pause(6.1), "Hello"], ["progress"]),
        ([Pause(15.9), "Hello"], ["progress"]),
        ([Pause(35), "Hello"], ["progress"] * 3),
    ]:
        kinds = count_reports(world_of, [*script, Pause(1)])
        assert kinds == ["chat.sent", *expected, "chat.delta", "chat.final"], script


def test_words_begin_the_time_again(world_of):
    """Who can read is not told to wait, until the words stop."""
    kinds = count_reports(world_of, ["One ", Pause(5), "two ", Pause(5), "three ", Pause(12), "four.", Pause(1)])
    assert kinds.count("progress") == 1
    assert kinds.index("progress") == len(kinds) - 3
