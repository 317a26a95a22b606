"""`stride failures erase`."""

import pytest
from structlog.testing import capture_logs

from shared.ledger.failures import FailureState


def test_it_asks_and_says_what_would_go(terminal):
    """How many, of what; a no leaves them as they are."""
    one, other = terminal.failed("k1"), terminal.failed("k2", session="s2")
    command = ("failures", "erase", "--session", "s1")
    asked = terminal.run(*command, given="n\n")
    assert (asked.exit_code, "Erase 1 failure (1 booking; 1 failed) for good?" in asked.stderr) == (1, True)
    assert terminal.kept(one).state is FailureState.FAILED
    with capture_logs():
        done = terminal.run(*command, given="y\n")
    assert (done.exit_code, done.stdout.strip()) == (0, "Erased 1 failure (1 booking; 1 failed).")
    assert (terminal.kept(one).state, terminal.kept(other).state) == (FailureState.ERASED, FailureState.FAILED)


def test_without_an_answer_nothing_goes(terminal):
    """A script that forgot --yes erases nothing."""
    one = terminal.failed()
    assert terminal.run("failures", "erase", "--session", "s1", given="").exit_code == 1
    assert terminal.kept(one).state is FailureState.FAILED


def test_yes_does_not_ask(terminal):
    """For programs, with the counts as JSON."""
    one = terminal.failed()
    with capture_logs():
        counts = terminal.json("failures", "erase", "--session", "s1", "--yes")
    assert counts == {"failures": 1, "by_queue": {"booking": 1}, "by_state": {"failed": 1}, "left": 0}
    assert terminal.kept(one).state is FailureState.ERASED


@pytest.mark.parametrize("more", [(), ("--yes",)])
def test_a_dry_run_erases_nothing(terminal, more):
    """Also with --yes, and without a question."""
    one = terminal.failed()
    done = terminal.run("failures", "erase", "--session", "s1", "--dry-run", *more)
    assert (done.exit_code, done.stdout.strip()) == (0, "Would erase 1 failure (1 booking; 1 failed).")
    assert terminal.kept(one).state is FailureState.FAILED


@pytest.mark.parametrize("more", [(), ("--yes",), ("--dry-run",)])
def test_nothing_there_is_said_without_a_question(terminal, more):
    """Whoever asks for it once more hears that it is done."""
    done = terminal.run("failures", "erase", "--session", "nobody", *more)
    assert (done.exit_code, done.stdout.strip()) == (0, "There is no failure of this conversation.")


@pytest.mark.parametrize("arguments", [(), ("--session", ""), ("--session", "  ")])
def test_a_conversation_has_to_be_named(terminal, arguments):
    """An empty variable in a script is no conversation."""
    one = terminal.failed()
    assert terminal.run("failures", "erase", *arguments, "--yes").exit_code == 2
    assert terminal.kept(one).state is FailureState.FAILED


def test_what_is_left_is_an_error(terminal):
    """Exit code 1, and what to do."""
    terminal.failed()

    async def never(_failure):
        return False

    terminal.world.ledger.change = never
    done = terminal.run("failures", "erase", "--session", "s1", "--yes")
    assert (done.exit_code, "1 changed at this moment" in done.stderr) == (1, True)


def test_what_was_erased_can_be_looked_at(terminal):
    """The list and the story say who erased what, and when; there is nothing else."""
    one = terminal.failed()
    terminal.run("failures", "erase", "--session", "s1", "--yes")
    [row] = terminal.json("failures", "list", "--state", "erased")["failures"]
    assert (row["failure_id"], row["session_id"], row["error"]) == (one, None, "")
    shown = terminal.run("failures", "show", one)
    assert (shown.exit_code, "jan@" in shown.stdout, "erased" in shown.stdout) == (0, False, True)


@pytest.mark.parametrize("more", ["--dry-run", "--yes"])
def test_a_replay_that_is_under_way_is_told(terminal, more):
    """It can't be called back, and what it leads to may fail as well."""
    terminal.failed("k1", state=FailureState.REPLAYING, replays=1)
    with capture_logs():
        done = terminal.run("failures", "erase", "--session", "s1", more)
        again = terminal.run("failures", "erase", "--session", "s1", more)
    assert (done.exit_code, "1 being replayed will be carried out all the same" in done.stderr) == (0, True)
    assert ("replayed" in again.stderr) is (more == "--dry-run")
