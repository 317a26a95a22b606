"""Assigns a separate folder to each running stack of this checkout."""

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2] / ".stride"
_STACKS_AT_ONCE = 9


@dataclass(frozen=True)
class Folder:
    """A locked folder; `neighbours` are the page addresses of the stacks in the folders before it."""

    path: Path
    neighbours: tuple[str, ...]

    @property
    def description(self) -> Path:
        """Return the path of the running stack's description."""
        return self.path / "stack.json"

    def write_description(self, description: Mapping[str, Any]) -> None:
        """Replace the description; a reader sees the old one or the new one, never a part."""
        unfinished = self.path / "stack.json.new"
        unfinished.write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
        unfinished.replace(self.description)


@contextmanager
def lock_folder(root: Path = ROOT) -> Iterator[Folder]:
    """Lock the first free folder, `root` itself if possible, until the end of the `with` or of the process."""
    neighbours: list[str] = []
    for number in range(1, _STACKS_AT_ONCE + 1):
        path = root if number == 1 else root / f"stack-{number}"
        path.mkdir(parents=True, exist_ok=True)
        with (path / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                neighbours.append(_render_page(path / "stack.json"))
                continue
            yield Folder(path, tuple(neighbours))
            return
    raise OSError(f"{_STACKS_AT_ONCE} stacks are running from this checkout already")


def _render_page(description: Path) -> str:
    try:
        page: str = json.loads(description.read_text(encoding="utf-8"))["site_url"]
    except (OSError, ValueError, KeyError):
        return "one that is still starting"
    return page
