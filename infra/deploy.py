"""Deploys the template, to AWS or to an emulator: `python -m infra.deploy`."""

import argparse
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.aws import Target
from infra.dependencies import InstallError, Platform
from infra.deployment.deployment import deploy_to_account
from infra.deployment.emulator import deploy_to_emulator
from infra.deployment.errors import DeployError, UnrecordedError, UnwatchedError, describe_error
from infra.deployment.options import build_parser, list_account_options
from infra.deployment.parameters import parse_pairs
from infra.deployment.request import Artifacts, Environment, Request
from infra.deployment.request_check import check_parameters, check_stack_name
from infra.deployment.template import Template
from infra.deployment.versions.restore import restore_version, show_versions
from infra.package import BUILD, PACKAGES, ROOT, build_package

TEMPLATE = Path(__file__).parent / "template.yaml"


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
    parser = build_parser()
    options = parser.parse_args(argv)
    if options.version and options.imports:
        parser.error("--import does not go with --version: restore first, then import with the next deployment")
    target = Target(region=options.region, endpoint_url=os.environ.get("AWS_ENDPOINT_URL") or None)
    if target.is_emulator and (without_effect := list_account_options(options)):
        parser.error(
            f"an emulator (AWS_ENDPOINT_URL={target.endpoint_url}) is deployed to at once, without plan and records:"
            f" leave out {', '.join(without_effect)}"
        )
    try:
        check_stack_name(options.stack, options.region)
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
        case UnwatchedError() | UnrecordedError():
            return f"not finished: {error}", 1
        case BotoCoreError() | ClientError():
            return f"not deployed: {describe_error(error)}", 1
    return f"not deployed: {error}", 1


def _run(target: Target, request: Request, options: argparse.Namespace) -> dict[str, str]:
    if not options.version and not options.list_versions:
        # The packages take a minute, and the account is asked after them.
        check_parameters(Template(TEMPLATE.read_text(encoding="utf-8")), request, is_emulator=target.is_emulator)
    if target.is_emulator:
        return deploy_stack(
            target, stack=request.stack, parameters=request.parameters, packages=_build_packages(Platform.LOCAL)
        )
    _report_other_region(options.region)
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


def _report_other_region(region: str) -> None:
    """Say that the commands of the AWS CLI go to another region, which the profile names, than this deployment."""
    named = boto3.Session().region_name
    if named and named != region and not os.environ.get("AWS_REGION"):
        print(
            f"The region is {region}. Your AWS configuration names {named}: for a stack there, set AWS_REGION={named}.",
            file=sys.stderr,
        )


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


if __name__ == "__main__":
    sys.exit(main())
