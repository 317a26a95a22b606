"""Businesses of a test's own: the demo business under another name, with other limits."""

import uuid
from collections.abc import Mapping
from typing import Any, Protocol

import yaml

from infra.local.stack import Stack
from shared.tenants.edge_profile import FILE

DEMO = "studio-lumen"


class OpenBusiness(Protocol):
    """Opens a business for the rest of a test."""

    def __call__(self, *, model: Mapping[str, Any] | None = None, **limits: Any) -> str: ...


def upload_business(stack: Stack, *, model: Mapping[str, Any] | None = None, **limits: Any) -> str:
    """Upload a copy of the demo business with these limits and fields of `model`, and return its name."""
    s3, tenant = stack.client("s3"), f"salon-{uuid.uuid4().hex[:8]}"
    for entry in s3.list_objects_v2(Bucket=stack.bucket, Prefix=f"{DEMO}/")["Contents"]:
        name = entry["Key"].removeprefix(f"{DEMO}/")
        body = s3.get_object(Bucket=stack.bucket, Key=entry["Key"])["Body"].read()
        if name == "profile.yaml":
            content = yaml.safe_load(body)
            content["limits"] = content.get("limits", {}) | limits
            content["model"] = content.get("model", {}) | (model or {})
            body = yaml.safe_dump(content, allow_unicode=True, sort_keys=False).encode()
        if name != FILE:
            s3.put_object(Bucket=stack.bucket, Key=f"{tenant}/{name}", Body=body)
    return tenant


def delete_business(stack: Stack, tenant: str) -> None:
    """Delete its documents and its profile: the doctor warns of two businesses with one calendar."""
    s3 = stack.client("s3")
    for entry in s3.list_objects_v2(Bucket=stack.bucket, Prefix=f"{tenant}/")["Contents"]:
        s3.delete_object(Bucket=stack.bucket, Key=entry["Key"])
