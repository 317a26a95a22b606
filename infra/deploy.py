"""Deploys the template, to AWS or to an emulator: `python -m infra.deploy`."""

import argparse
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from infra.aws import REGION, Target
from infra.dependencies import InstallError, Platform
from infra.deployment.deployment import deploy_to_account
from infra.deployment.emulator import deploy_to_emulator
from infra.deployment.errors import DeployError, UnwatchedError, describe_error
from infra.deployment.parameters import parse_pairs
from infra.deployment.request import Artifacts, Environment, Request
from infra.deployment.versions.restore import restore_version, show_versions
from infra.package import BUILD, PACKAGES, ROOT, build_package

TEMPLATE = Path(__file__).parent / "template.yaml"

EPILOG = """\
examples:
  python -m infra.deploy --dry-run --parameter SesFromEmail=visits@example.com
  python -m infra.deploy --parameter SesFromEmail=visits@example.com
  python -m infra.deploy --parameter SnsTopicArn=                     empty a parameter; all others keep their values
  python -m infra.deploy --parameter IngressReservedConcurrency=none      reserve no executions for the ingress
  python -m infra.deploy --version previous                           code and model of the release before
  python -m infra.deploy --list-versions
  python -m infra.deploy --import SessionKey=arn:aws:secretsmanager:...   a secret that a deleted stack has left
  python -m infra.deploy --stack stride-test --parameter Prefix=stride-test --parameter Workers=pools
  AWS_ENDPOINT_URL=http://127.0.0.1:4566 python -m infra.deploy       an emulator: no probes, no question

On AWS nothing is changed before the plan was shown and confirmed, except that the code bucket is created and the
packages are uploaded to it. docs/deployment.md describes each step.
"""


def deploy_stack(
    target: Target, *, stack: str, parameters: Mapping[str, str], packages: Mapping[str, Path]
) -> dict[str, str]:
    """Deploy to an emulator and return the outputs; `workers` is not among the packages when pools are the workers."""
    return deploy_to_emulator(target, stack=stack, parameters=parameters, packages=packages, template=TEMPLATE)


def outputs_to_settings(outputs: Mapping[str, str]) -> dict[str, str]:
    """Return the outputs as the environment variables of workers: `ChatQueueUrl` becomes `CHAT_QUEUE_URL`."""
    return {"".join(f"_{c}" if c.isupper() else c for c in name).strip("_").upper(): v for name, v in outputs.items()}


def main(argv: Sequence[str] | None = None) -> int:
    """Package, deploy and print the outputs."""
    parser = _build_parser()
    options = parser.parse_args(argv)
    if options.version and options.imports:
        parser.error("--import does not go with --version: restore first, then import with the next deployment")
    target = Target(region=options.region, endpoint_url=os.environ.get("AWS_ENDPOINT_URL") or None)
    try:
        request = Request(
            stack=options.stack,
            parameters=parse_pairs(options.parameter, example="SesFromEmail=visits@example.com"),
            replaceable=tuple(options.replace_data),
            imports=parse_pairs(options.imports, example="AppointmentsTable=appointments"),
            skip_rollback_of=tuple(options.skip_rollback_of),
            is_dry_run=options.dry_run,
            watch_minutes=options.watch_minutes,
        )
        outputs = _run(target, request, options)
    except (DeployError, InstallError, BotoCoreError, ClientError, KeyboardInterrupt) as error:
        text, status = describe_end(error)
        print(text, file=sys.stderr)
        return status
    for name, value in outputs_to_settings(outputs).items():
        print(f"{name}={value}")
    return 0


def describe_end(error: BaseException) -> tuple[str, int]:
    """Return what is printed when a deployment ends with an error, and the exit status."""
    match error:
        case KeyboardInterrupt():
            # Only the wait for CloudFormation has a text: what goes on there.
            return f"interrupted: {str(error) or 'nothing was deployed'}", 130
        case UnwatchedError():
            return f"not finished: {error}", 1
        case BotoCoreError() | ClientError():
            return f"not deployed: {describe_error(error)}", 1
    return f"not deployed: {error}", 1


def _run(target: Target, request: Request, options: argparse.Namespace) -> dict[str, str]:
    if target.is_emulator:
        return deploy_stack(
            target, stack=request.stack, parameters=request.parameters, packages=_build_packages(Platform.LOCAL)
        )
    environment = Environment(
        clients=target.client,
        account=target.client("sts").get_caller_identity()["Account"],
        region=target.region,
        report=lambda line: print(line, file=sys.stderr, flush=True),
        confirm=_build_confirmation(is_confirmed=options.yes),
        now=lambda: datetime.now(UTC),
        release=tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"],
        commit=_read_commit(),
    )
    if options.list_versions:
        show_versions(request, environment)
        return {}
    if options.version:
        return restore_version(request, environment, options.version)
    return deploy_to_account(request, environment, Artifacts(TEMPLATE, _build_packages(Platform.AWS)))


def _build_packages(platform: Platform) -> dict[str, Path]:
    return {package.name: build_package(package, BUILD / "packages" / platform.value, platform) for package in PACKAGES}


def _build_confirmation(*, is_confirmed: bool) -> Callable[[str], bool]:
    def confirm(question: str) -> bool:
        if is_confirmed:
            return True
        if not sys.stdin.isatty():
            raise DeployError(
                f"{question} Nobody can answer without a terminal: repeat it with --yes (make deploy YES=1)"
            )
        print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    return confirm


def _read_commit() -> str:
    """Return the commit of this checkout, with a plus sign if files differ from it; empty without git."""
    try:
        completed = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--exclude=*"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return completed.stdout.strip()


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.deploy",
        description="Package the functions and deploy the template. AWS_ENDPOINT_URL names an emulator.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stack", default="stride", help="name of the stack (default: stride)")
    parser.add_argument("--region", default=os.environ.get("AWS_REGION", REGION))
    parser.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="may be given several times; a parameter that is not named keeps its value, NAME= empties it",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what was found and the plan; only packages are uploaded"
    )
    parser.add_argument("--yes", action="store_true", help="answer every question with yes")
    parser.add_argument(
        "--replace-data",
        action="append",
        default=[],
        metavar="NAME",
        help="allow that this resource, which holds data, is replaced or removed",
    )
    parser.add_argument(
        "--import",
        dest="imports",
        action="append",
        default=[],
        metavar="NAME=ID",
        help="import what a deleted stack or an update has left, if it is not found by itself",
    )
    parser.add_argument(
        "--skip-rollback-of",
        action="append",
        default=[],
        metavar="NAME",
        help="leave a resource as it is whose rollback fails again and again (UPDATE_ROLLBACK_FAILED)",
    )
    parser.add_argument(
        "--watch-minutes",
        type=int,
        choices=range(181),
        default=5,
        metavar="N",
        help="how long after an update an alarm of the stack rolls it back, up to 180 (default: 5)",
    )
    parser.add_argument(
        "--version", metavar="VERSION", help="restore an earlier deployment: previous, or one of the list"
    )
    parser.add_argument("--list-versions", action="store_true", help="list the deployments that can be restored")
    return parser


if __name__ == "__main__":
    sys.exit(main())
