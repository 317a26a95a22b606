"""The options of `python -m infra.deploy`."""

import argparse
import os
import re

from infra.aws import REGION

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


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of `python -m infra.deploy`."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.deploy",
        description="Package the functions and deploy the template. AWS_ENDPOINT_URL names an emulator.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stack", default="stride", help="name of the stack (default: stride)")
    parser.add_argument(
        "--region",
        type=_parse_region,
        default=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or REGION,
        help=f"default: AWS_REGION, AWS_DEFAULT_REGION, or {REGION}",
    )
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


def _parse_region(text: str) -> str:
    if not re.fullmatch(r"[a-z]+(-[a-z]+)+-[0-9]+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no region such as {REGION}")
    return text


def list_account_options(options: argparse.Namespace) -> list[str]:
    """Return the options that only a deployment to an account has."""
    return [
        option
        for option, value in {
            "--dry-run": options.dry_run,
            "--version": options.version,
            "--list-versions": options.list_versions,
            "--import": options.imports,
            "--replace-data": options.replace_data,
            "--skip-rollback-of": options.skip_rollback_of,
        }.items()
        if value
    ]
