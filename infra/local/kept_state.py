"""Keeps data of the local stack in a file between two runs: replaced as a whole, and read with a clear error."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

FORMAT = 1
BEGIN_ANEW = "`make up FRESH=1` begins anew"


class KeptStateError(Exception):
    """The file can't be used; the text names it, the reason and the way out."""


def write_state(path: Path, content: Any, *, encode: Callable[[Any], Any] | None = None) -> None:
    """Replace the file; a reader sees the old content or the new one, whatever ends this process.

    `encode` is asked about values that JSON has not. Raises `OSError` if the file can't be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.new")
    text = json.dumps({"format": FORMAT, "content": content}, default=encode)
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    except OSError:
        # What was written before is still whole.
        unfinished.unlink(missing_ok=True)
        raise


def read_state(
    path: Path, *, decode: Callable[[dict[str, Any]], Any] | None = None, adapt: Callable[[str], str] = str
) -> Any:
    """Return what was written last, or None if there is no such file.

    `adapt` may change the text before it is parsed. Raises `KeptStateError`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise KeptStateError(f"{path} can't be read ({error}); {BEGIN_ANEW}") from error
    try:
        found = json.loads(adapt(text), object_hook=decode)
        version, content = found["format"], found["content"]
    except (ValueError, KeyError, TypeError) as error:
        raise KeptStateError(f"{path} is broken ({error!r}); {BEGIN_ANEW}") from error
    if version != FORMAT:
        raise KeptStateError(f"{path} was written by another release (format {version}); {BEGIN_ANEW}")
    return content


def remove_state(folder: Path) -> None:
    """Remove the folder with all that was kept; raise `OSError` if a part of it can't be removed."""
    if folder.exists():
        shutil.rmtree(folder)
