"""Uploads the demo business to a deployed stack: documents, calendar key and sender."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from botocore.exceptions import ClientError

from infra.aws import Target
from shared.errors import ConfigurationError
from shared.tenants.edge_profile import FILE, compile_edge_profile
from shared.tenants.parse import parse_profile
from shared.tenants.profile import TenantProfile
from shared.tenants.profile_warnings import check_profile

TENANTS = Path(__file__).parent / "demo" / "tenants"


@dataclass(frozen=True)
class Seed:
    """The values to store, and their targets."""

    bucket: str
    google_secret_id: str
    service_account: Mapping[str, str]
    extra_origins: tuple[str, ...] = ()
    """Origins of local pages, which are added to the profile; links in e-mails open the first."""


def read_demo_profile(tenant: str, tenants: Path = TENANTS) -> TenantProfile:
    """Return a demo tenant's profile; raise `ConfigurationError` with the invalid line."""
    path = tenants / tenant / "profile.yaml"
    try:
        return parse_profile(path.read_text(encoding="utf-8"))
    except (ConfigurationError, OSError) as error:
        raise ConfigurationError(f"{path}: {error}") from error


def seed_tenants(target: Target, content: Seed, tenants: Path = TENANTS) -> None:
    """Upload every tenant, store the secret and verify the senders; it may be repeated."""
    s3, ses = target.client("s3"), target.client("ses")
    for folder in sorted(path for path in tenants.iterdir() if path.is_dir()):
        for path in sorted(folder.iterdir()):
            body, key = path.read_bytes(), f"{folder.name}/{path.name}"
            if path.name != "profile.yaml":
                s3.put_object(Bucket=content.bucket, Key=key, Body=body)
                continue
            body = _add_origins(body, content.extra_origins)
            profile = check_profile(body.decode())
            if profile.senders.email:
                ses.verify_email_identity(EmailAddress=profile.senders.email)
            etag = s3.put_object(Bucket=content.bucket, Key=key, Body=body)["ETag"]
            compiled = compile_edge_profile(profile, source_etag=etag)
            s3.put_object(Bucket=content.bucket, Key=f"{folder.name}/{FILE}", Body=compiled.encode())
    _put_secret(target.client("secretsmanager"), content.google_secret_id, json.dumps(content.service_account))


def _add_origins(profile: bytes, origins: tuple[str, ...]) -> bytes:
    if not origins:
        return profile
    content = yaml.safe_load(profile)
    content["allowed_origins"] = list(dict.fromkeys([*content.get("allowed_origins", ()), *origins]))
    content["page_url"] = f"{origins[0]}/"
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False).encode()


def _put_secret(secrets: Any, name: str, value: str) -> None:
    try:
        secrets.create_secret(Name=name, SecretString=value)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceExistsException":
            raise
        secrets.put_secret_value(SecretId=name, SecretString=value)
