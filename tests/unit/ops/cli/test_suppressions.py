"""`stride suppressions`."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import TransientError
from shared.suppressions import Suppression

SINCE = datetime(2026, 1, 12, 11, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("suppression", "text"),
    [
        (Suppression("bounced", SINCE), "until the suppression is removed: its provider says"),
        (Suppression("complained", SINCE), "its owner reported an e-mail as spam"),
        (Suppression("full", SINCE, datetime(2099, 1, 1, tzinfo=UTC)), "full"),
    ],
)
def test_show_and_remove_a_suppression(terminal, suppression, text):
    """In upper or lower case; scripts use the exit code."""
    asyncio.run(terminal.suppressions.add("jan@example.com", suppression))
    done = terminal.run("suppressions", "show", "Jan@example.com")
    assert (done.exit_code, text in done.stdout) == (1, True)
    assert "gets e-mails again" in terminal.run("suppressions", "remove", "jan@example.com").stdout
    assert terminal.run("suppressions", "show", "jan@example.com").exit_code == 0


@pytest.mark.parametrize("command", ["show", "remove"])
@pytest.mark.parametrize("address", ["nonsense", "", "+48 600 100 200", "jan@", "@example.com", "a b@example.com"])
def test_an_invalid_address_is_rejected(terminal, command, address):
    """The output does not say that it gets e-mails; the exit code is that of an invalid command line."""
    done = terminal.run("suppressions", command, address)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"{address!r} is not an e-mail address" in done.stderr


def test_an_address_is_normalized_as_in_booking(terminal):
    """Booking stores international domain names in ASCII, and providers report bounces in this form."""
    asyncio.run(terminal.suppressions.add("jan@xn--caf-dma.example.com", Suppression("bounced", SINCE)))
    assert terminal.run("suppressions", "show", "jan@café.example.com").exit_code == 1


def test_an_address_without_suppression_is_no_error(terminal):
    """Neither for `show` nor for `remove`; an expired suppression does not count."""
    long_ago = Suppression("full", SINCE, SINCE + timedelta(seconds=1))
    terminal.world.clock.set(SINCE + timedelta(days=1))
    asyncio.run(terminal.suppressions.add("jan@example.com", long_ago))
    assert terminal.run("suppressions", "show", "jan@example.com").exit_code == 0
    assert "not suppressed" in terminal.run("suppressions", "remove", "tom@example.com").stdout


def test_an_unreachable_table_is_one_line(terminal):
    """There is no traceback."""
    terminal.suppressions.errors.append(TransientError("dynamodb"))
    done = terminal.run("suppressions", "remove", "jan@example.com")
    assert done.exit_code == 3
    assert "try again in a moment" in done.stderr
