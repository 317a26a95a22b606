"""What the stacks record where IAM is enforced (`make test-iam`): each decision, and which test ran."""

import json
import os
import re
import shutil
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.package import BUILD

FOLDER = Path(os.environ.get("IAM_FOLDER", BUILD / "iam"))
POOLS_RECORD = FOLDER / "pools.jsonl"
LAMBDA_RECORD = FOLDER / "lambda.jsonl"
POOLS_TESTS = FOLDER / "pools-tests.jsonl"
LAMBDA_TESTS = FOLDER / "lambda-tests.jsonl"
REPORT = FOLDER / "report.json"

LAMBDA_FILE = "test_lambda_workers.py"
"""The tests whose workers are on Lambda; all others use the stack with pools."""

BEFORE_TESTS = "start"
_ROLE = re.compile(r"-([A-Z]\w+Role)-")


@dataclass(frozen=True)
class Decision:
    """Whether a role was allowed to do something, and by which statements."""

    role: str
    action: str
    resource: str
    is_allowed: bool
    statements: tuple[str, ...]
    test: str
    """The test that ran; `start` before the first one."""


def clear_record() -> None:
    """Forget what was recorded before."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)


def read_decisions() -> list[Decision]:
    """Return all decisions of the last run."""
    return [*_read_stack(POOLS_RECORD, POOLS_TESTS), *_read_stack(LAMBDA_RECORD, LAMBDA_TESTS)]


def _read_stack(record: Path, tests: Path) -> Iterator[Decision]:
    started = list(_read_lines(tests))
    times = [entry["at"] for entry in started]
    for entry in _read_lines(record):
        number = bisect(times, entry["at"])
        found = _ROLE.search(entry["role"])
        yield Decision(
            role=found.group(1) if found else entry["role"],
            action=entry["action"],
            resource=entry["resource"],
            is_allowed=entry["decision"] == "Allow",
            statements=tuple(entry["statements"]),
            test=started[number - 1]["test"] if number else BEFORE_TESTS,
        )


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        with path.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)
