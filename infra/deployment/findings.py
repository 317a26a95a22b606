"""What a probe found in the account: its meaning, and what to do about it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.deployment.errors import error_code, error_message, is_no_permission

Clients = Callable[[str], Any]
"""Returns the boto3 client of a service."""


class Verdict(Enum):
    """How much a finding matters."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    BLOCKED = "BLOCKED"
    """The deployment would fail or lose something: it does not start."""
    UNKNOWN = "unknown"
    """The probe may not look, or got no answer. This never stops a deployment."""


@dataclass(frozen=True)
class Finding:
    """One result of a probe."""

    subject: str
    verdict: Verdict
    found: str
    meaning: str = ""
    action: str = ""

    def describe(self) -> list[str]:
        """Return the lines that are shown."""
        lines = [f"  {self.verdict.value:8}{self.subject}: {self.found}"]
        lines += [f"          {text}" for text in (self.meaning, self.action) if text]
        return lines


def report_findings(report: Callable[[str], None], findings: Iterable[Finding]) -> None:
    """Show the findings."""
    for finding in findings:
        for line in finding.describe():
            report(line)


def run_probe(subject: str, permission: str, probe: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """Run a probe; without its permission or an answer, say so and go on."""
    try:
        return list(probe())
    except ClientError as error:
        if is_no_permission(error):
            action = f"allow {permission}, or go on: the deployment does not need it"
            return [Finding(subject, Verdict.UNKNOWN, "no permission to look", action=action)]
        return [Finding(subject, Verdict.UNKNOWN, f"no answer: {error_code(error)} {error_message(error)}")]
    except BotoCoreError as error:
        return [Finding(subject, Verdict.UNKNOWN, f"no answer: {error}")]
