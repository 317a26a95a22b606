"""Which tests share a process under xdist, and which need no server and make `make test-fast`."""

import functools
from pathlib import Path

import pytest

STACK = "stack"
"""The fixture that deploys everything, and the group of the tests that use it."""

LAMBDA_STACK = "lambda_stack"
"""The fixture that deploys everything without pools."""

EMULATOR = "emulator"
"""The fixture that starts the emulator of AWS."""

FAKE = "memory"
"""How contract suites name their run on the fake: alone, or as the first word ("memory fifo")."""


DESK_STACK = "stack of the desk"
"""The group of the tests of the desk on a deployed stack. They take as long as all others on it; a second stack costs
less than the wait for one process that runs both."""


def process_group(item: pytest.Item) -> str:
    """Return the name of the tests that run in one process: on a deployed stack, otherwise those of a file.

    Only the stack takes long to start; an emulator or a browser a process costs less than processes that wait.
    """
    file = folder_and_file(item)
    if STACK not in fixture_names(item):
        return str(file)
    return DESK_STACK if file.name.startswith("test_desk") else STACK


def is_fast(item: pytest.Item) -> bool:
    """Whether it is a unit test, a contract test on a fake, or a test of what outlives a release without a server.

    What starts other processes is none of them: each needs a second to import what it tests. Neither is what tries all
    steps or combinations, for about a second or longer.
    """
    if item.get_closest_marker("process") or item.get_closest_marker("exhaustive"):
        return False
    match folder_and_file(item).parts[1]:
        case "unit":
            return True
        case "contracts":
            return is_on_fake(item) and EMULATOR not in fixture_names(item)
        case "compatibility":
            return EMULATOR not in fixture_names(item)
        case _:
            return False


def is_on_fake(item: pytest.Item) -> bool:
    """Whether a contract suite runs on its fake here."""
    callspec = getattr(item, "callspec", None)
    values = callspec.params.values() if callspec else ()
    return any(isinstance(value, str) and value.split()[:1] == [FAKE] for value in values)


def fixture_names(item: pytest.Item) -> list[str]:
    """Return what a test asks for, directly or by another fixture."""
    return getattr(item, "fixturenames", [])


def folder_and_file(item: pytest.Item) -> Path:
    """Return where a test stands, from the root on."""
    return _relative(item.path, item.config.rootpath)


@functools.cache
def _relative(path: Path, root: Path) -> Path:
    return path.relative_to(root)
