"""Without any one statement, a test that needed it fails: what a run of all has recorded says which tests those are.

Each statement takes a stack of its own. It also shows that the tests notice a missing permission.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.iam.record import REPORT, read_decisions
from tests.iam.statements import list_permissions
from tests.infra.template import TEMPLATE

pytestmark = pytest.mark.soak

ROOT = Path(__file__).parents[2]
DEADLINES_SECONDS = (15, 60)
TIMEOUT_SECONDS = 400
MAX_TESTS = 15
"""How many tests share a stack."""

STATEMENTS = sorted({(each.role, each.statement) for each in list_permissions() | list_permissions(Workers="pools")})

NOTICED_BY_NOBODY = {
    ("NotificationsRole", "SendAlerts"): "the policy that SNS gives a topic allows all of its account; others may not",
}
"""Statements without which every test passes, with the reason."""


def find_needing_tests() -> dict[tuple[str, str], list[str]]:
    """Return the tests that needed each statement; first those that call little, because they are the shortest."""
    return {
        (entry["role"], entry["statement"]): list(filter(is_end_to_end, entry["tests"]))
        for entry in json.loads(REPORT.read_text(encoding="utf-8"))
    }


def is_end_to_end(test: str) -> bool:
    """Whether it is none of the browser tests, which say less where they fail, nor the start of a stack."""
    return test.startswith("tests/e2e/")


@pytest.fixture(scope="module")
def needed() -> dict[tuple[str, str], list[str]]:
    """Return the tests that needed each statement, from a record that is newer than the template."""
    if not REPORT.exists() or REPORT.stat().st_mtime < TEMPLATE.stat().st_mtime:
        subprocess.run(["make", "test-iam"], cwd=ROOT, check=True)
    return find_needing_tests()


@pytest.mark.parametrize(("role", "statement"), STATEMENTS, ids=[".".join(pair) for pair in STATEMENTS])
def test_a_test_fails_without_the_statement(needed, tmp_path: Path, role: str, statement: str):
    """And something was denied to the role: the tests passed with all statements."""
    tests = needed.get((role, statement), [])
    if not tests:
        pytest.skip("no test needs it (UNUSED in tests/iam/test_record.py)")
    expected = 0 if (role, statement) in NOTICED_BY_NOBODY else 1
    started = time.monotonic()
    for first in range(0, len(tests), MAX_TESTS):
        # A denied call that only loses something, such as the frames of a conversation, is noticed by few tests.
        batch = tests[first : first + MAX_TESTS]
        exit_code, denied, output = run_until_denied(role, statement, batch, folder=tmp_path / str(first))
        if exit_code == expected:
            break
    print(f"{role}.{statement}: {time.monotonic() - started:.0f} s, denied: {', '.join(sorted(denied)) or 'nothing'}")
    assert denied, output
    assert exit_code == expected, output


def run_until_denied(role: str, statement: str, tests: list[str], *, folder: Path) -> tuple[int, set[str], str]:
    """Run tests without the statement, with longer deadlines if nothing was denied; return also what was denied."""
    for deadline_seconds in DEADLINES_SECONDS:
        records = folder / str(deadline_seconds)
        records.mkdir(parents=True)
        exit_code, output = run_without(f"{role}.{statement}", tests, folder=records, deadline_seconds=deadline_seconds)
        # On a busy machine a test may fail before it gets there.
        if denied := find_denied_actions(role, records):
            break
    return exit_code, denied, output


def run_without(statement: str, tests: list[str], *, folder: Path, deadline_seconds: int) -> tuple[int, str]:
    """Run tests on a stack without the statement, until one fails; return the exit code and the end of the output."""
    variables = {"IAM_WITHOUT": statement, "IAM_FOLDER": str(folder), "TEST_DEADLINE_SECONDS": str(deadline_seconds)}
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "-q", "-x", "-m", "e2e and not soak", *tests],
        env={**os.environ, **variables},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    return ended.returncode, ended.stdout[-3000:]


def find_denied_actions(role: str, folder: Path) -> set[str]:
    """Return what was denied to a role."""
    decisions = read_decisions(folder)
    return {each.action for each in decisions if each.role == role and not each.is_allowed}
