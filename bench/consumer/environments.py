"""Makes the competitors' environments on demand, from requirements with hashes."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FOLDER = ROOT / ".stride" / "bench"
_OLDEST = {"taskiq": (3, 10), "fanferro": (3, 12)}
_NEWER = [f"python3.{minor}" for minor in (12, 13, 14)]


class CannotRunError(Exception):
    """A competitor's environment can't be made; the text says why."""


def python_of(name: str, requirements: Path | None = None) -> str:
    """Return the interpreter of an environment, which is made if it is not there or was made for other versions.

    Requirements are those beside this file, unless given.

    Raises:
        CannotRunError: no Python here is new enough, or what it needs can't be had.
    """
    requirements = requirements or Path(__file__).with_name(f"requirements-{name}.txt")
    folder = _FOLDER / name
    python, made_for = folder / "bin" / "python", folder / "made-for.txt"
    wanted = requirements.read_text(encoding="utf-8")
    if not (python.exists() and made_for.exists() and made_for.read_text(encoding="utf-8") == wanted):
        base = _base_python(name)
        print(f"making an environment for {name} in {folder.relative_to(ROOT)}", file=sys.stderr)
        _uv("venv", "--quiet", "--clear", "--python", base, str(folder))
        _uv("pip", "sync", "--quiet", "--require-hashes", "--python", str(python), str(requirements))
        made_for.write_text(wanted, encoding="utf-8")
    return str(python)


def _uv(*arguments: str) -> None:
    command = [str(Path(sys.executable).with_name("uv")), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotRunError(f"uv {arguments[0]} failed: {done.stderr.strip()}")


def _base_python(name: str) -> str:
    oldest = _OLDEST.get(name, sys.version_info[:2])
    installed = sorted(Path.home().glob(".pyenv/versions/3.1[2-9]*/bin/python"))
    for candidate in [sys.executable, *_NEWER, *map(str, installed)]:
        path = shutil.which(candidate)
        # A name on the PATH is not enough: version managers leave names behind that only print an error.
        check = [path, "-c", f"import sys; sys.exit(sys.version_info < {oldest})"]
        if path and subprocess.run([str(part) for part in check], capture_output=True, check=False).returncode == 0:
            return path
    raise CannotRunError(f"{name} needs Python {'.'.join(map(str, oldest))} or newer, and there is none")
