"""Runs the generators, which are tools for JavaScript."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = ROOT / "node_modules"
ANALYZER = MODULES / "@custom-elements-manifest" / "analyzer" / "cem.js"
PRINT_MANIFEST = Path(__file__).parent / "manifest.js"
SCHEMA_COMPILER = MODULES / "json-schema-to-typescript" / "dist" / "src" / "cli.js"


class ToolError(RuntimeError):
    """A generator is missing or has failed."""


def is_installed() -> bool:
    """Return whether the generators are there, as `make check` installs them."""
    return ANALYZER.is_file() and SCHEMA_COMPILER.is_file()


def run_tool(script: Path, *arguments: str) -> str:
    """Run a script with Node in the project's folder; return its output."""
    node = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
    if node is None or not script.is_file():
        raise ToolError("Node or node_modules is missing: run make check, which installs both")
    done = subprocess.run([node, script, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ToolError(f"{script.name} failed: {done.stderr.strip()}")
    return done.stdout
