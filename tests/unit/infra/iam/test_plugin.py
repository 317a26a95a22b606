"""A test in which something was denied to a role fails; the record tells which test needed a statement."""

import json
import time
from types import SimpleNamespace

import pytest

from tests.iam.plugin import IamPlugin
from tests.iam.record import KEPT_RUNS, RunRecord, read_decisions

ITEM = SimpleNamespace(nodeid="tests/e2e/test_chat.py::test_an_answer[en]@stack", name="test", fixturenames=["stack"])
DENIED = "ChatRole was denied dynamodb:PutItem on table/usage: infra/template.yaml lacks the permission"


@pytest.fixture
def record(tmp_path):
    return RunRecord(tmp_path / "runs")


def decide(record, decision="Allow", *, end="\n"):
    """Write a decision as the emulator does."""
    entry = {"at": time.time(), "role": "stride-ChatRole-1A2B", "action": "dynamodb:PutItem", "resource": "table/usage"}
    with record.decisions.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**entry, "decision": decision, "statements": []}) + end)


def run(plugin, test=lambda: None, item=ITEM):
    """Run a test as pytest does, inside the plugin's hooks."""
    plugin.pytest_runtest_setup(item)
    call = plugin.pytest_runtest_call(item)
    next(call)
    try:
        test()
    except TimeoutError as error:
        call.throw(error)
    else:
        with pytest.raises(StopIteration):
            call.send(None)


def test_a_denial_fails_the_test_in_which_it_happens(record):
    """Only once: the next test did nothing wrong."""
    plugin = IamPlugin(record, fails_denied=True)
    run(plugin, lambda: decide(record))
    with pytest.raises(pytest.fail.Exception, match=DENIED):
        run(plugin, lambda: decide(record, "ImplicitDeny"))
    run(plugin)


def test_a_test_that_fails_by_itself_says_what_was_denied(record):
    """It is most likely the cause, and shows as a deadline that has passed."""

    def wait_in_vain():
        decide(record, "ImplicitDeny")
        raise TimeoutError

    with pytest.raises(TimeoutError) as failed:
        run(IamPlugin(record, fails_denied=True), wait_in_vain)
    assert [note.startswith(DENIED) for note in failed.value.__notes__] == [True]


def test_a_line_that_is_being_written_is_read_later(record):
    """The emulator writes while a test ends."""
    plugin = IamPlugin(record, fails_denied=True)
    run(plugin, lambda: decide(record, "ImplicitDeny", end=""))
    with pytest.raises(pytest.fail.Exception, match=DENIED):
        run(plugin, lambda: end_line(record))


def end_line(record):
    with record.decisions.open("a", encoding="utf-8") as file:
        file.write("\n")


def test_without_a_statement_a_test_has_to_notice_by_itself(record):
    """Otherwise the tests of removed statements would show nothing."""
    run(IamPlugin(record, fails_denied=False), lambda: decide(record, "ImplicitDeny"))


def test_a_test_without_a_stack_is_no_part_of_the_record(record, tmp_path):
    """Unit tests leave what was recorded before."""
    run(IamPlugin(record, fails_denied=True), item=SimpleNamespace(nodeid="t", name="t", fixturenames=["tmp_path"]))
    assert not (tmp_path / "runs").exists()


def test_a_decision_is_of_the_test_that_ran(record, tmp_path):
    """Parameters and group are no part of its name; what happened before the first test has none."""
    record.open()
    decide(record)
    run(IamPlugin(record, fails_denied=True), lambda: decide(record))
    assert [one.test for one in read_decisions(tmp_path)] == ["start", "tests/e2e/test_chat.py::test_an_answer"]


def test_the_last_runs_are_kept(tmp_path, monkeypatch):
    """A second run that goes on beside the first does not remove its record."""
    monkeypatch.delenv("PYTEST_XDIST_TESTRUNUID", raising=False)
    for _ in range(KEPT_RUNS + 2):
        RunRecord(tmp_path / "runs").open()
    assert len(list((tmp_path / "runs").iterdir())) == KEPT_RUNS
