"""What the stacks of the tests record about the roles: each decision, and which test ran."""

import json
import os
import re
import shutil
import time
import uuid
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.package import BUILD

FOLDER = Path(os.environ.get("IAM_FOLDER", BUILD / "iam"))
REPORT = FOLDER / "report.json"

LAMBDA_FILE = "test_lambda_workers.py"
"""The tests whose workers are on Lambda; all others use a stack with pools."""

KEPT_RUNS = 5

BEFORE_TESTS = "start"
_ROLE = re.compile(r"-([A-Z]\w+Role)-")
_DECISIONS, _TESTS = "decisions.jsonl", "tests.jsonl"


@dataclass(frozen=True)
class Decision:
    """Whether a role was allowed to do something, and by which statements."""

    role: str
    action: str
    resource: str
    is_allowed: bool
    statements: tuple[str, ...]
    test: str
    """The test that ran in the same process; `start` before the first one."""


class RunRecord:
    """What this process adds to the record of its run of pytest; another run may go on beside it."""

    def __init__(self, runs: Path = FOLDER / "runs") -> None:
        self._runs = runs
        # The processes of xdist share a run.
        self._folder = runs / (os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex)
        process = os.environ.get("PYTEST_XDIST_WORKER", "main")
        self.decisions = self._folder / f"{process}.{_DECISIONS}"
        """The file to which the stacks of this process write."""
        self._tests = self._folder / f"{process}.{_TESTS}"

    def open(self) -> Path:
        """Return the file for decisions, once its folder is there; old runs are removed."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for old in _list_runs(self._runs)[:-KEPT_RUNS]:
            shutil.rmtree(old, ignore_errors=True)
        return self.decisions

    def note_test(self, name: str) -> None:
        """Note that a test starts in this process."""
        with self._tests.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"at": time.time(), "test": name}) + "\n")


def read_decisions(folder: Path = FOLDER) -> list[Decision]:
    """Return all decisions of the run that began last."""
    runs = _list_runs(folder / "runs")
    return [
        decision
        for decisions in sorted(runs[-1].glob(f"*.{_DECISIONS}") if runs else ())
        for decision in _read_process(decisions, decisions.with_name(decisions.name.replace(_DECISIONS, _TESTS)))
    ]


def _list_runs(folder: Path) -> list[Path]:
    """Return the folders of the runs, from the oldest on: a folder changes when a stack of its run starts."""
    return sorted(folder.glob("*"), key=_read_change_time)


def _read_change_time(run: Path) -> float:
    try:
        return run.stat().st_mtime
    except FileNotFoundError:  # removed by another process just now
        return 0.0


def _read_process(decisions: Path, tests: Path) -> Iterator[Decision]:
    started = list(_read_lines(tests))
    times = [entry["at"] for entry in started]
    for entry in _read_lines(decisions):
        number = bisect(times, entry["at"])
        yield read_decision(entry, started[number - 1]["test"] if number else BEFORE_TESTS)


def read_decision(entry: dict[str, Any], test: str) -> Decision:
    """Return the decision of a line of the record."""
    found = _ROLE.search(entry["role"])
    return Decision(
        role=found.group(1) if found else entry["role"],
        action=entry["action"],
        resource=entry["resource"],
        is_allowed=entry["decision"] == "Allow",
        statements=tuple(entry["statements"]),
        test=test,
    )


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        with path.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)
