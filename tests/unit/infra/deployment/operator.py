"""Deploys to the fake account as a person at a terminal does."""

import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from infra.deployment.deployment import deploy_to_account
from infra.deployment.request import Artifacts, Environment, Request
from infra.deployment.versions.restore import restore_version
from tests.fakes.aws_account.account import FakeAccount

ROOT = Path(__file__).parents[4]
TEMPLATE = ROOT / "infra" / "template.yaml"
EMAIL = {"SesFromEmail": "visits@example.com"}


def make_package(path, code):
    """Write a package whose content is `code`."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("code.py"), code)


@dataclass
class Operator:
    """Types `make deploy`, reads the lines and answers the questions."""

    folder: Path
    account: FakeAccount = field(default_factory=FakeAccount)
    template: Path = TEMPLATE
    answer: bool = True
    lines: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    time: datetime = datetime(2026, 11, 28, 12, tzinfo=UTC)
    code: str = "first"
    release: str = "0.1.0"

    def deploy(self, *, stack="stride", **parameters):
        """Deploy with these parameters; every other option is an argument of `deploy_with`."""
        return self.deploy_with(Request(stack=stack, parameters=parameters))

    def deploy_with(self, request):
        packages = {name: self.folder / f"{name}-{self.code}.zip" for name in ("ingress", "workers")}
        for path in packages.values():
            if not path.exists():
                make_package(path, self.code)
        return deploy_to_account(request, self._environment(), Artifacts(self.template, packages))

    def restore(self, version="previous", **options):
        return restore_version(Request(stack="stride", **options), self._environment(), version)

    def delete(self):
        """Delete the stack as the page about uninstalling says."""
        client = self.account.client("cloudformation")
        client.update_termination_protection(StackName="stride", EnableTerminationProtection=False)
        client.delete_stack(StackName="stride")

    @property
    def text(self):
        """The lines of the last command."""
        return "\n".join(self.lines)

    @property
    def stack(self):
        return self.account.cloudformation.stack("stride")

    def physical_ids(self):
        return self.account.cloudformation.physical_ids("stride")

    def secret(self, logical_id):
        """Return the value of a secret of the stack."""
        return self.account.existing["AWS::SecretsManager::Secret", self.physical_ids()[logical_id]]["value"]

    def _environment(self):
        self.lines.clear()
        self.questions.clear()
        self.time += timedelta(minutes=1)
        return Environment(
            clients=self.account.client,
            account="111122223333",
            region="eu-central-1",
            report=self.lines.append,
            confirm=self._confirm,
            now=lambda: self.time,
            release=self.release,
            commit="abc1234",
            poll_seconds=0,
        )

    def _confirm(self, question):
        self.questions.append(question)
        return self.answer
