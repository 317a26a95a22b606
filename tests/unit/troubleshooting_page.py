"""What docs/troubleshooting.md quotes."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
LOG_LINES = [line for line in PAGE.splitlines() if line.startswith("{")]
DOCTOR_LINES = [line for line in PAGE.splitlines() if line.startswith(("PROBLEM ", "OFF "))]
