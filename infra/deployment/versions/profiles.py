"""Finds profiles of businesses that another release would refuse, by that release's own parser."""

import io
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.deployment.errors import DeployError, error_code
from infra.deployment.findings import Clients
from infra.deployment.pages import read_object_pages

_TIMEOUT_SECONDS = 60
_PARSER = """\
import json, sys
sys.path.insert(0, sys.argv[1])
from shared.tenants.parse import parse_profile
problems = {}
for tenant, text in json.load(sys.stdin).items():
    try:
        parse_profile(text)
    except Exception as error:
        problems[tenant] = str(error)
print(json.dumps(problems))
"""


def find_refused_profiles(package: bytes, profiles: Mapping[str, str]) -> dict[str, str]:
    """Return the reason by tenant for each profile that the release in this package refuses.

    A JSON Schema would say less: which languages a release has, for example, is in its catalogues.

    Raises:
        DeployError: the parser of that release does not run here.
    """
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            archive.extractall(Path(folder), [name for name in archive.namelist() if name.startswith("shared/")])
        try:
            completed = subprocess.run(
                [sys.executable, "-I", "-c", _PARSER, folder],
                input=json.dumps(profiles),
                capture_output=True,
                text=True,
                check=False,
                timeout=_TIMEOUT_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise DeployError("the parser of that release did not end") from error
    if completed.returncode != 0:
        raise DeployError(f"the parser of that release does not run here: {completed.stderr.strip()[-300:]}")
    problems: dict[str, str] = json.loads(completed.stdout)
    return problems


def read_profiles(clients: Clients, bucket: str) -> dict[str, str]:
    """Return the text of every business's profile by tenant."""
    s3: Any = clients("s3")
    found: dict[str, str] = {}
    for page in read_object_pages(s3, Bucket=bucket, Delimiter="/"):
        for each in page.get("CommonPrefixes", ()):
            tenant = each["Prefix"].rstrip("/")
            try:
                found[tenant] = s3.get_object(Bucket=bucket, Key=f"{tenant}/profile.yaml")["Body"].read().decode()
            except ClientError as error:
                if error_code(error) != "NoSuchKey":
                    raise
    return found
