"""The pytest plugin that notes which test runs on a stack, and fails a test in which something was denied to a role."""

import json
from collections.abc import Generator
from typing import Any

import pytest

from tests.iam.record import Decision, RunRecord, read_decision
from tests.selection import LAMBDA_STACK, STACK, fixture_names


class IamPlugin:
    """What it does is the same in each process of xdist, with a record of its own."""

    def __init__(self, record: RunRecord, *, fails_denied: bool) -> None:
        self.record = record
        self._fails_denied = fails_denied
        self._read_bytes = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Note the start of a test, before it opens a stack; without parameters, so that any test can be run by it."""
        if is_on_stack(item):
            self.record.open()
            # xdist appends the group: `test_booking.py::test_a_hold[massage]@stack`.
            self.record.note_test(item.nodeid.partition("[")[0].partition("@")[0])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Fail if something was denied since the last test, and say it also where the test failed by itself."""
        try:
            result = yield
        except Exception as error:
            for denial in self._list_denials(item):
                error.add_note(denial)
            raise
        if denials := self._list_denials(item):
            pytest.fail("\n".join(denials), pytrace=False)
        return result

    def _list_denials(self, item: pytest.Item) -> list[str]:
        if not self._fails_denied or not is_on_stack(item):
            return []
        return sorted({describe_denial(one) for one in self._read_new_decisions(item.name) if not one.is_allowed})

    def _read_new_decisions(self, test: str) -> list[Decision]:
        if not self.record.decisions.exists():
            return []
        with self.record.decisions.open("rb") as file:
            file.seek(self._read_bytes)
            lines, end, _unfinished = file.read().rpartition(b"\n")
        self._read_bytes += len(lines + end)
        return [read_decision(json.loads(line), test) for line in lines.splitlines()]


def is_on_stack(item: pytest.Item) -> bool:
    """Whether a test uses a stack whose roles are enforced."""
    return not {STACK, LAMBDA_STACK}.isdisjoint(fixture_names(item))


def describe_denial(denial: Decision) -> str:
    """Return which permission is missing, and where it belongs."""
    return (
        f"{denial.role} was denied {denial.action} on {denial.resource}: "
        "infra/template.yaml lacks the permission (docs/permissions.md)"
    )
