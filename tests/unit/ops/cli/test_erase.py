"""`stride failures erase`."""

import asyncio

import pytest
from structlog.testing import capture_logs

from shared.ledger.failures import FailureState
from tests.unit.ops.cli.test_usage import spend


def test_a_question_names_what_would_be_erased(terminal):
    """It has the counts by queue and state; "no" leaves the failures unchanged."""
    one, other = terminal.failed("k1"), terminal.failed("k2", session="s2")
    command = ("failures", "erase", "--session", "s1")
    asked = terminal.run(*command, stdin="n\n")
    assert (asked.exit_code, "Erase 1 failure (1 booking; 1 failed) for good?" in asked.stderr) == (1, True)
    assert terminal.kept(one).state is FailureState.FAILED
    with capture_logs():
        done = terminal.run(*command, stdin="y\n")
    assert (done.exit_code, done.stdout.strip()) == (0, "Erased 1 failure (1 booking; 1 failed).")
    assert (terminal.kept(one).state, terminal.kept(other).state) == (FailureState.ERASED, FailureState.FAILED)


def test_without_an_answer_nothing_is_erased(terminal):
    """A script that forgot --yes erases nothing."""
    one = terminal.failed()
    assert terminal.run("failures", "erase", "--session", "s1", stdin="").exit_code == 1
    assert terminal.kept(one).state is FailureState.FAILED


def test_yes_asks_no_question(terminal):
    """Programs get the counts as JSON."""
    one = terminal.failed()
    with capture_logs():
        counts = terminal.json("failures", "erase", "--session", "s1", "--yes")
    assert counts == {
        "failures": 1,
        "by_queue": {"booking": 1},
        "by_state": {"failed": 1},
        "left": 0,
        "usage_records": 0,
    }
    assert terminal.kept(one).state is FailureState.ERASED


def test_usage_records_lose_the_conversation(terminal):
    """Also where it has no failures; sums stay, and a dry run changes nothing."""
    asyncio.run(spend(terminal.world.spending, session="s1", tenant="salon"))

    def list_sessions():
        return {record.reservation.session_id for record in terminal.world.spending.records.values()}

    command = ("failures", "erase", "--session", "s1")
    assert terminal.run(*command, "--dry-run").stdout.strip() == "Would erase the conversation in 1 usage record."
    assert list_sessions() == {"s1"}
    with capture_logs() as logs:
        done = terminal.run(*command, stdin="y\n")
    assert done.stdout.strip() == "Erased the conversation in 1 usage record."
    assert "s1" not in list_sessions()
    assert [line["records"] for line in logs if line["event"] == "usage_erased"] == [1]
    assert sum(totals.nano_dollars for totals in terminal.world.spending.sums.values()) == 1_234_567


@pytest.mark.parametrize("more", [(), ("--yes",)])
def test_a_dry_run_erases_nothing(terminal, more):
    """It asks no question, also with --yes."""
    one = terminal.failed()
    done = terminal.run("failures", "erase", "--session", "s1", "--dry-run", *more)
    assert (done.exit_code, done.stdout.strip()) == (0, "Would erase 1 failure (1 booking; 1 failed).")
    assert terminal.kept(one).state is FailureState.FAILED


@pytest.mark.parametrize("more", [(), ("--yes",), ("--dry-run",)])
def test_a_conversation_without_failures_needs_no_question(terminal, more):
    """A repetition of the command says that there is nothing to erase."""
    done = terminal.run("failures", "erase", "--session", "nobody", *more)
    assert (done.exit_code, done.stdout.strip()) == (0, "This conversation has no failures, and no usage records.")


@pytest.mark.parametrize("arguments", [(), ("--session", ""), ("--session", "  ")])
def test_a_session_id_is_required(terminal, arguments):
    """An empty variable of a script is not a session id."""
    one = terminal.failed()
    assert terminal.run("failures", "erase", *arguments, "--yes").exit_code == 2
    assert terminal.kept(one).state is FailureState.FAILED


def test_a_failure_that_was_not_erased_is_an_error(terminal):
    """The exit code is 1, and the message says what to do."""
    terminal.failed()

    async def never(_failure):
        return False

    terminal.world.ledger.change = never
    done = terminal.run("failures", "erase", "--session", "s1", "--yes")
    assert (done.exit_code, "1 were changed at the same time" in done.stderr) == (1, True)


def test_show_prints_an_erased_failure(terminal):
    """The list and the audit trail say who erased it and when; nothing else is left."""
    one = terminal.failed()
    terminal.run("failures", "erase", "--session", "s1", "--yes")
    [row] = terminal.json("failures", "list", "--state", "erased")["failures"]
    assert (row["failure_id"], row["session_id"], row["error"]) == (one, None, "")
    printed = terminal.run("failures", "show", one)
    assert (printed.exit_code, "jan@" in printed.stdout, "erased" in printed.stdout) == (0, False, True)


@pytest.mark.parametrize("more", ["--dry-run", "--yes"])
def test_a_running_replay_is_reported(terminal, more):
    """It can't be stopped, and its message may fail again."""
    terminal.failed("k1", state=FailureState.REPLAYING, replays=1)
    with capture_logs():
        done = terminal.run("failures", "erase", "--session", "s1", more)
        again = terminal.run("failures", "erase", "--session", "s1", more)
    assert (done.exit_code, "1 replays are running and will be completed" in done.stderr) == (0, True)
    assert ("replays" in again.stderr) is (more == "--dry-run")
