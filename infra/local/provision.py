"""Deploys to and seeds an emulator that is already running: `python -m infra.local.provision`."""

import argparse
import json
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urljoin

from botocore.exceptions import BotoCoreError, ClientError

from infra.aws import Target
from infra.dependencies import InstallError, Platform
from infra.deploy import deploy_stack, outputs_to_settings
from infra.deployment.errors import DeployError
from infra.local import bedrock_access
from infra.local.environment import build_clean_environment, build_pool_environment
from infra.local.google_calendar.keys import create_service_account_key
from infra.local.seed import Seed, read_demo_profile, seed_tenants
from infra.package import BUILD, PACKAGES, build_package

ONE_ADDRESS = {
    "HoldsPerAddress": "1000",
    "Visits": "contact=9999,address=9999,moves=1000",
    "NoticesPerContact": "10000",
    "RateLimits": "address=100000,business=100000",
    "HeldSharePercent": "100",
    "GoogleRequestsPerMinute": "60000",
}
"""Parameters for visitors who all have the same IP address and contact, many of them of one business, as in tests.
The stand-in for Google has no limit of requests."""

EPILOG = """\
It writes two files to --folder: google-service-account.json for the calendar stand-in, and pools.env, which a
shell can read before it starts a pool:
  set -a; . FOLDER/pools.env; exec python -m workers.chat
"""


def provision_stack(
    target: Target, *, folder: Path, tenant: str, site_url: str, calendar_url: str, bedrock_url: str
) -> None:
    """Deploy the template without workers, seed the demo business and write the two files."""
    folder.mkdir(parents=True, exist_ok=True)
    profile = read_demo_profile(tenant)
    sender = profile.senders.email or ""
    account = create_service_account_key(urljoin(calendar_url, "/token"))
    (folder / "google-service-account.json").write_text(json.dumps(account), encoding="utf-8")
    packages = {
        package.name: build_package(package, BUILD / "packages" / Platform.LOCAL.value, Platform.LOCAL, reuse=True)
        for package in PACKAGES
        if package.name == "ingress"
    }
    parameters = {
        "Workers": "pools",
        "SesFromEmail": sender,
        "SmsEnabled": "true",
        **ONE_ADDRESS,
        "LocalCalendarEndpoint": calendar_url,
    }
    outputs = deploy_stack(target, stack="stride", parameters=parameters, packages=packages)
    seed_tenants(target, Seed(outputs["KnowledgeBucket"], outputs["GoogleSecretId"], account, (site_url,)))
    environment = build_pool_environment(
        str(target.endpoint_url),
        outputs_to_settings(outputs),
        bedrock=bedrock_access.build_stand_in_variables(bedrock_url),
    )
    _write_environment(folder / "pools.env", environment)


def _write_environment(path: Path, environment: Mapping[str, str]) -> None:
    # Without the inherited variables, which belong to this machine.
    inherited = build_clean_environment()
    own_variables = {name: value for name, value in environment.items() if name not in inherited}
    lines = [f"{name}={shlex.quote(value)}" for name, value in sorted(own_variables.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Return 0 after success; print the reason and return 1 after a failure."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.provision",
        description="Deploy the template to the emulator at AWS_ENDPOINT_URL and seed the demo business.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--folder", type=Path, required=True, help="folder for the two files")
    parser.add_argument("--tenant", default="studio-lumen")
    parser.add_argument("--site-url", default="http://127.0.0.1:8080", help="origin of the page that may connect")
    parser.add_argument("--calendar-url", default="http://127.0.0.1:8401/calendar/v3/", help="ends in a slash")
    parser.add_argument("--bedrock-url", default="http://127.0.0.1:8402")
    options = parser.parse_args(argv)
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if not endpoint:
        parser.error("AWS_ENDPOINT_URL is not set; for AWS itself use python -m infra.deploy")
    try:
        provision_stack(
            Target(endpoint_url=endpoint),
            folder=options.folder,
            tenant=options.tenant,
            site_url=options.site_url,
            calendar_url=options.calendar_url,
            bedrock_url=options.bedrock_url,
        )
    except (BotoCoreError, ClientError, DeployError, InstallError, OSError) as error:
        print(f"not provisioned: {error}", file=sys.stderr)
        return 1
    print(f"ready {options.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
