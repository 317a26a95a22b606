"""The beginning of a failure's id is enough where only one id begins so."""

from dataclasses import replace

import pytest

from shared.ledger.failures import FailureState


@pytest.fixture
def named(terminal):
    """Return a function that records failures with certain ids."""

    def record(*ids, **changes):
        for failure_id in ids:
            failure = terminal.kept(terminal.failed(failure_id, **changes))
            del terminal.world.ledger.rows[failure.failure_id]
            terminal.world.ledger.rows[failure_id] = replace(failure, failure_id=failure_id)

    return record


@pytest.mark.parametrize("given", ["3f0c", "3f0c11", "3f0c1111"])
def test_the_beginning_of_an_id_is_enough(terminal, named, given):
    """For every command that takes an id; others are not touched."""
    named("3f0c1111", "3f0d2222")
    assert terminal.json("failures", "show", given)["failure_id"] == "3f0c1111"
    assert "nothing was changed" in terminal.run("failures", "edit", given, "--data", "-", stdin="unknown: 1").stderr
    assert terminal.run("failures", "retry", given, "--dry-run").exit_code == 0
    assert terminal.run("failures", "discard", given, "--reason", "the visitor called").exit_code == 0
    assert terminal.kept("3f0c1111").state is FailureState.DISCARDED
    assert terminal.kept("3f0d2222").state is FailureState.FAILED


def test_an_ended_failure_is_found_by_the_beginning_of_its_id(terminal, named):
    """`show` and `retry --again` are for these, too."""
    named("3f0c1111", state=FailureState.DISCARDED)
    assert terminal.json("failures", "show", "3f0c")["failure_id"] == "3f0c1111"
    assert terminal.run("failures", "retry", "3f0c", "--again").exit_code == 0
    assert len(terminal.sent) == 1


@pytest.mark.parametrize(
    "command", [("show",), ("retry",), ("retry", "--dry-run"), ("edit",), ("discard", "--reason", "called")]
)
def test_an_ambiguous_beginning_does_nothing(terminal, named, command):
    """The error lists what begins so."""
    named("3f0c1111", "3f0c2222")
    done = terminal.run("failures", command[0], "3f0c", *command[1:])
    assert (done.exit_code, terminal.sent) == (1, [])
    assert "several failures begin with 3f0c: 3f0c1111, 3f0c2222" in done.stderr
    assert terminal.kept("3f0c1111").state is FailureState.FAILED


def test_a_complete_id_is_never_ambiguous(terminal, named):
    """Another id may begin with it."""
    named("3f0c1111", "3f0c11112222")
    assert terminal.json("failures", "show", "3f0c1111")["failure_id"] == "3f0c1111"


@pytest.mark.parametrize("given", ["3f0", "f0c1", "", "studio", "*"])
def test_what_is_no_beginning_or_too_short_finds_nothing(terminal, named, given):
    """A part of an id, a text of the failure, or less than four characters names no failure."""
    named("3f0c1111", tenant="studio-lumen")
    done = terminal.run("failures", "retry", given)
    assert (done.exit_code, terminal.sent) == (1, [])
    assert "1 not replayed: there is no such failure" in done.stdout
    assert f"there is no failure {given}" in terminal.run("failures", "show", given).stderr
