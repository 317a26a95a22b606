"""Reads the frozen lists of names, and finds what the code of today no longer has."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FROZEN = Path(__file__).parent / "frozen"


def frozen(name: str) -> Any:
    """Return the list `frozen/<name>.json`."""
    return json.loads((FROZEN / f"{name}.json").read_text(encoding="utf-8"))["names"]


def missing(kept: Any, current: Any, path: str = "") -> Iterator[str]:
    """Yield the path of every frozen name that is gone, and of every frozen value that has changed.

    A mapping may have more keys and a list more entries than before; everything else must be equal.
    """
    if isinstance(kept, Mapping):
        if not isinstance(current, Mapping):
            yield path
            return
        for key, value in kept.items():
            below = f"{path} > {key}" if path else str(key)
            if key in current:
                yield from missing(value, current[key], below)
            else:
                yield below
    elif isinstance(kept, list):
        entries = current if isinstance(current, list | tuple | set | frozenset) else ()
        yield from (f"{path} > {entry}" for entry in kept if entry not in entries)
    elif kept != current:
        yield f"{path}: {kept!r} has become {current!r}"


def assert_kept(name: str, current: Any, *, who_depends: str) -> None:
    """Fail with every frozen name that is gone, and with who still uses it."""
    gone = list(missing(frozen(name), current))
    assert not gone, (
        f"{who_depends} depend on names that this code no longer has (tests/compatibility/frozen/{name}.json). "
        f"Map the stored name where it is read and written instead of renaming it:\n  " + "\n  ".join(gone)
    )
