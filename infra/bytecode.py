"""Compiles the Python files of a package for the Python of Lambda's runtime.

Lambda mounts a package read-only. A file without bytecode is compiled at every cold start, which can't keep the result.
"""

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LAMBDA_PYTHON = "3.12"
"""The version of the template's functions. Bytecode of one version is of no use to another."""

TASK_ROOT = "/var/task"
"""Where Lambda mounts a package: tracebacks name this path and find the source there
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html)."""

NO_PYTHON = f"""\
No Python {LAMBDA_PYTHON} was found: the packages contain no bytecode. They work, but every cold start compiles
the code first, which takes one to two seconds. To install it: .venv/bin/uv python install {LAMBDA_PYTHON}"""

_PROBE = "import sys; print(sys.implementation.cache_tag)"
_LIMIT_SECONDS = 20


class CompileError(Exception):
    """A file could not be compiled; the text names it."""


@dataclass(frozen=True)
class Interpreter:
    """A Python that compiles, and the path under which its bytecode will run."""

    executable: str
    root: str

    def compile_folder(self, folder: Path) -> None:
        """Write the bytecode of every Python file in a folder.

        Lambda has no use for a check of the source's time or hash, so the bytecode has none (PEP 552). One process
        compiles all files in order with a fixed hash seed, so that the same sources give the same bytes.
        """
        command = [self.executable, "-s", "-P", "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"]
        command += ["-s", str(folder), *(["-p", self.root] if self.root else []), str(folder)]
        environment = {"PATH": os.environ.get("PATH", ""), "PYTHONHASHSEED": "0"}
        result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)
        if result.returncode:
            raise CompileError(f"the package could not be compiled:\n{(result.stdout + result.stderr).strip()}")


def local_interpreter() -> Interpreter:
    """Return this Python, which also runs the emulator's functions."""
    return Interpreter(sys.executable, "")


@functools.cache
def find_lambda_interpreter() -> Interpreter | None:
    """Return a Python of Lambda's version on this machine; None if there is none."""
    tag = f"cpython-{LAMBDA_PYTHON.replace('.', '')}"
    return next((Interpreter(path, TASK_ROOT) for path in _candidates() if _cache_tag(path) == tag), None)


def _candidates() -> Iterator[str]:
    yield sys.executable
    name = f"python{LAMBDA_PYTHON}"
    if on_path := shutil.which(name):
        yield on_path
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from map(str, sorted(pyenv.glob(f"versions/{LAMBDA_PYTHON}.*/bin/{name}"), reverse=True))
    uv = Path(sys.executable).parent / "uv"
    if uv.exists():
        command = [str(uv), "python", "find", "--managed-python", "--no-python-downloads", LAMBDA_PYTHON]
        yield _run(command)


def _cache_tag(executable: str) -> str:
    # A shim of pyenv exists for versions that are not active, and fails.
    return _run([executable, "-I", "-c", _PROBE]) if executable else ""


def _run(command: list[str]) -> str:
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LIMIT_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return result.stdout.strip() if result.returncode == 0 else ""
