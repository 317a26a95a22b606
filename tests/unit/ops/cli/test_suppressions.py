"""`stride suppressions`."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import TransientError
from shared.suppressions import Suppression

SINCE = datetime(2026, 1, 12, 11, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("suppression", "said"),
    [
        (Suppression("bounced", SINCE), "until somebody removes it: its provider says"),
        (Suppression("complained", SINCE), "its owner complained"),
        (Suppression("full", SINCE, datetime(2099, 1, 1, tzinfo=UTC)), "full"),
    ],
)
def test_an_address_is_looked_up_and_let_in_again(terminal, suppression, said):
    """However it is written; the exit code tells a script."""
    asyncio.run(terminal.suppressions.add("jan@example.com", suppression))
    done = terminal.run("suppressions", "show", "Jan@example.com")
    assert (done.exit_code, said in done.stdout) == (1, True)
    assert "gets letters again" in terminal.run("suppressions", "remove", "jan@example.com").stdout
    assert terminal.run("suppressions", "show", "jan@example.com").exit_code == 0


@pytest.mark.parametrize("command", ["show", "remove"])
@pytest.mark.parametrize("given", ["nonsense", "", "+48 600 100 200", "jan@", "@example.com", "a b@example.com"])
def test_what_is_no_address_is_refused(terminal, command, given):
    """Nobody is told that it gets letters; the exit code is that of a command that is not understood."""
    done = terminal.run("suppressions", command, given)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"{given!r} is no e-mail address" in done.stderr


def test_an_address_is_found_as_letters_go_to_it(terminal):
    """Booking writes a name of another alphabet in ASCII, and so does the provider that sends it back."""
    asyncio.run(terminal.suppressions.add("jan@xn--caf-dma.example.com", Suppression("bounced", SINCE)))
    assert terminal.run("suppressions", "show", "jan@café.example.com").exit_code == 1


def test_what_is_not_suppressed_is_no_trouble(terminal):
    """Neither to look at nor to remove; what is over is over."""
    long_ago = Suppression("full", SINCE, SINCE + timedelta(seconds=1))
    terminal.world.clock.set(SINCE + timedelta(days=1))
    asyncio.run(terminal.suppressions.add("jan@example.com", long_ago))
    assert terminal.run("suppressions", "show", "jan@example.com").exit_code == 0
    assert "not suppressed" in terminal.run("suppressions", "remove", "tom@example.com").stdout


def test_trouble_is_said_in_a_sentence(terminal):
    """Not in a traceback."""
    terminal.suppressions.trouble.append(TransientError("dynamodb"))
    done = terminal.run("suppressions", "remove", "jan@example.com")
    assert done.exit_code == 3
    assert "try again in a moment" in done.stderr
