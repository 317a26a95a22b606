"""Deploys the template, to AWS or to an emulator: `python -m infra.deploy`."""

import argparse
import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.aws import REGION, Target
from infra.cloudformation import DeployError, put_stack
from infra.dependencies import InstallError, Platform
from infra.package import BUILD, PACKAGES, build_package

TEMPLATE = Path(__file__).parent / "template.yaml"

EPILOG = """\
examples:
  python -m infra.deploy --parameter SesFromEmail=visits@example.com
  python -m infra.deploy --stack stride-test --parameter Prefix=stride-test --parameter Workers=pools
  AWS_ENDPOINT_URL=http://127.0.0.1:4566 python -m infra.deploy
"""


def deploy_stack(
    target: Target, *, stack: str, parameters: Mapping[str, str], packages: Mapping[str, Path]
) -> dict[str, str]:
    """Upload packages and template, put the stack and return its outputs.

    `packages` maps a package's name to its archive; `workers` is not needed when pools are the workers.
    """
    bucket = _ensure_code_bucket(target, stack)
    s3 = target.client("s3")
    keys = {name: _upload_file(s3, bucket, path) for name, path in packages.items()}
    # CloudFormation takes up to 51 200 bytes in the call itself, and a megabyte from a bucket.
    key = _upload_file(s3, bucket, TEMPLATE)
    bucket_url = (
        f"{target.endpoint_url}/{bucket}"
        if target.is_emulator
        else f"https://{bucket}.s3.{target.region}.amazonaws.com"
    )
    template = {"TemplateURL": f"{bucket_url}/{key}"}
    stack_parameters = {
        **parameters,
        "CodeBucket": bucket,
        "IngressCodeKey": keys["ingress"],
        **({"WorkersCodeKey": keys["workers"]} if "workers" in keys else {}),
        **({"LocalEndpoint": target.endpoint_url} if target.endpoint_url else {}),
    }
    outputs = put_stack(
        target.client("cloudformation"),
        name=stack,
        template=template,
        parameters=stack_parameters,
        poll_seconds=0.05 if target.is_emulator else 5,
    )
    if target.is_emulator:
        # The emulator ignores this setting of the template.
        _enable_time_to_live(target.client("dynamodb"), outputs)
    return outputs


def outputs_to_settings(outputs: Mapping[str, str]) -> dict[str, str]:
    """Return the outputs as the environment variables of workers: `ChatQueueUrl` becomes `CHAT_QUEUE_URL`."""
    return {"".join(f"_{c}" if c.isupper() else c for c in name).strip("_").upper(): v for name, v in outputs.items()}


def _ensure_code_bucket(target: Target, stack: str) -> str:
    # Bucket names are unique across all AWS accounts; an emulator has a separate namespace.
    account = "local" if target.is_emulator else target.client("sts").get_caller_identity()["Account"]
    bucket = f"{stack}-code-{account}-{target.region}".lower()
    s3 = target.client("s3")
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": target.region})
        s3.put_public_access_block(
            Bucket=bucket,
            PublicAccessBlockConfiguration=dict.fromkeys(
                ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
            ),
        )
    return bucket


def _upload_file(s3: Any, bucket: str, path: Path) -> str:
    content = path.read_bytes()
    # Named by its content: an unchanged package is an unchanged template to CloudFormation.
    key = f"{path.stem}-{hashlib.sha256(content).hexdigest()[:16]}{path.suffix}"
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError:
        s3.put_object(Bucket=bucket, Key=key, Body=content)
    return key


def _enable_time_to_live(dynamodb: Any, outputs: Mapping[str, str]) -> None:
    for name, table in outputs.items():
        if not name.endswith("Table"):
            continue
        state = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        if state.get("TimeToLiveStatus") != "ENABLED":
            dynamodb.update_time_to_live(
                TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"}
            )


def main(argv: Sequence[str] | None = None) -> int:
    """Package, deploy and print the outputs."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.deploy",
        description="Package the functions and deploy the template. AWS_ENDPOINT_URL names an emulator.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stack", default="stride", help="name of the stack (default: stride)")
    parser.add_argument("--region", default=os.environ.get("AWS_REGION", REGION))
    parser.add_argument(
        "--parameter", action="append", default=[], metavar="NAME=VALUE", help="may be given several times"
    )
    options = parser.parse_args(argv)
    pairs = [pair.partition("=") for pair in options.parameter]
    if any(not separator for _, separator, _ in pairs):
        parser.error("a parameter looks like SesFromEmail=visits@example.com")
    parameters = {name: value for name, _, value in pairs}
    target = Target(region=options.region, endpoint_url=os.environ.get("AWS_ENDPOINT_URL") or None)
    platform = Platform.LOCAL if target.is_emulator else Platform.AWS
    try:
        packages = {
            package.name: build_package(package, BUILD / "packages" / platform.value, platform) for package in PACKAGES
        }
        outputs = deploy_stack(target, stack=options.stack, parameters=parameters, packages=packages)
    except (DeployError, InstallError, BotoCoreError, ClientError) as error:
        print(f"not deployed: {error}", file=sys.stderr)
        return 1
    for name, value in outputs_to_settings(outputs).items():
        print(f"{name}={value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
