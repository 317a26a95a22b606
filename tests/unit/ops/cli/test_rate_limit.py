"""`stride failures retry` of many: the pace that was asked for, and how far it has come."""

import pytest

from tests.fakes.noting_desk import NotingDesk


@pytest.fixture
def many(terminal):
    """Return a terminal with thirty failures: too many to be told one by one."""
    world = terminal.world
    world.desk = NotingDesk(
        ledger=world.ledger,
        replays=world.replays,
        forecasts=world.forecasts,
        contacts=world.contacts,
        clock=world.clock,
    )
    for number in range(30):
        terminal.failed(f"k{number}", session=f"s{number}")
    return terminal


@pytest.mark.parametrize(("given", "pace"), [([], 50), (["--rate", "0.5"], 0.5), (["--rate", "200"], 200)])
@pytest.mark.parametrize("how", ["--yes", "--dry-run"])
def test_the_rate_is_the_one_that_was_asked_for(many, given, pace, how):
    """Whoever has just repaired a provider does not want it to be hit by all at once."""
    assert many.run("failures", "retry", "--all", how, *given).exit_code == 0
    assert many.world.desk.paces == [pace]


@pytest.mark.parametrize(("how", "doing"), [("--yes", "Replaying"), ("--dry-run", "Looking ahead")])
def test_a_terminal_shows_how_far_it_has_come(many, how, doing):
    """In a line that moves on."""
    many.err_screen |= {"force_terminal": True, "legacy_windows": False}
    done = many.run("failures", "retry", "--all", how, TERM="xterm")
    assert doing in done.stderr
    assert "30/30" in done.stderr


def test_a_program_gets_no_moving_line(many):
    """Not even where its errors go to a terminal."""
    many.err_screen |= {"force_terminal": True, "legacy_windows": False}
    done = many.run("failures", "retry", "--all", "--yes", "--json", TERM="xterm")
    assert (done.exit_code, done.stderr) == (0, "")
