"""`stride failures retry` of many failures: the rate and the progress bar."""

import pytest

from tests.fakes.noting_desk import NotingDesk


@pytest.fixture
def terminal_with_many(terminal):
    """Return a terminal with thirty failures: too many to be printed one by one."""
    world = terminal.world
    world.desk = NotingDesk(
        ledger=world.ledger,
        replays=world.replays,
        forecaster=world.forecaster,
        contacts=world.contacts,
        clock=world.clock,
    )
    for number in range(30):
        terminal.failed(f"k{number}", session=f"s{number}")
    return terminal


@pytest.mark.parametrize(("options", "rate"), [([], 50), (["--rate", "0.5"], 0.5), (["--rate", "200"], 200)])
@pytest.mark.parametrize("mode", ["--yes", "--dry-run"])
def test_the_rate_option_limits_the_rate(terminal_with_many, options, rate, mode):
    """A provider that was just repaired must not be overloaded."""
    assert terminal_with_many.run("failures", "retry", "--all", mode, *options).exit_code == 0
    assert terminal_with_many.world.desk.rates == [rate]


@pytest.mark.parametrize(("mode", "description"), [("--yes", "Replaying"), ("--dry-run", "Forecasting")])
def test_a_terminal_shows_progress(terminal_with_many, mode, description):
    """A progress bar counts the replays."""
    terminal_with_many.err_screen |= {"force_terminal": True, "legacy_windows": False}
    done = terminal_with_many.run("failures", "retry", "--all", mode, TERM="xterm")
    assert description in done.stderr
    assert "30/30" in done.stderr


def test_json_output_has_no_progress_bar(terminal_with_many):
    """Not even if stderr is a terminal."""
    terminal_with_many.err_screen |= {"force_terminal": True, "legacy_windows": False}
    done = terminal_with_many.run("failures", "retry", "--all", "--yes", "--json", TERM="xterm")
    assert (done.exit_code, done.stderr) == (0, "")
