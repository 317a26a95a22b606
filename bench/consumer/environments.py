"""Creates the virtual environments of other consumers on demand, from requirements with hashes."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FOLDER = ROOT / ".stride" / "bench"
_MIN_VERSIONS = {"taskiq": (3, 10), "fanferro": (3, 12)}
_NEWER_PYTHONS = [f"python3.{minor}" for minor in (12, 13, 14)]


class CannotRunError(Exception):
    """A consumer's environment can't be created; the text gives the reason."""


def ensure_environment(name: str, requirements: Path | None = None) -> str:
    """Return the interpreter of an environment; create it if it is missing or was created from other requirements.

    The default requirements stand beside this file.

    Raises:
        CannotRunError: no Python on this machine is new enough, or the requirements can't be installed.
    """
    requirements = requirements or Path(__file__).with_name(f"requirements-{name}.txt")
    folder = _FOLDER / name
    python, marker = folder / "bin" / "python", folder / "made-for.txt"
    required = requirements.read_text(encoding="utf-8")
    if not (python.exists() and marker.exists() and marker.read_text(encoding="utf-8") == required):
        base_python = _base_python(name)
        print(f"creating an environment for {name} in {folder.relative_to(ROOT)}", file=sys.stderr)
        _uv("venv", "--quiet", "--clear", "--python", base_python, str(folder))
        _uv("pip", "sync", "--quiet", "--require-hashes", "--python", str(python), str(requirements))
        marker.write_text(required, encoding="utf-8")
    return str(python)


def _uv(*arguments: str) -> None:
    command = [str(Path(sys.executable).with_name("uv")), *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise CannotRunError(f"uv {arguments[0]} failed: {result.stderr.strip()}")


def _base_python(name: str) -> str:
    min_version = _MIN_VERSIONS.get(name, sys.version_info[:2])
    installed = sorted(Path.home().glob(".pyenv/versions/3.1[2-9]*/bin/python"))
    for candidate in [sys.executable, *_NEWER_PYTHONS, *map(str, installed)]:
        path = shutil.which(candidate)
        # A name on the PATH is not enough: version managers leave shims that only print an error.
        check = [path, "-c", f"import sys; sys.exit(sys.version_info < {min_version})"]
        if path and subprocess.run([str(part) for part in check], capture_output=True, check=False).returncode == 0:
            return path
    raise CannotRunError(f"{name} needs Python {'.'.join(map(str, min_version))} or newer, and there is none")
