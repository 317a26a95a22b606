"""Reads the folders of businesses, on this machine or in a bucket of S3."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.aws.errors import translate_aws_errors
from shared.errors import ConfigurationError

PROFILE = "profile.yaml"
S3_SCHEME = "s3://"


@dataclass(slots=True)
class TenantFolder:
    """The files of a business, read when they are needed."""

    tenant: str
    sizes: dict[str, int] = field(default_factory=dict)
    """Bytes by the name of the file."""
    read: Callable[[str], bytes] = lambda _: b""


def read_folders(location: str, open_s3: Callable[[], Any]) -> list[TenantFolder]:
    """Return one business's folder, or all those that a folder or a bucket holds, in order.

    Raises:
        ConfigurationError: there is no folder with a profile.yaml, or the location names no bucket.
        PermanentError, TransientError: the bucket can't be read.
    """
    candidates = _read_bucket(location, open_s3()) if location.startswith(S3_SCHEME) else _read_path(Path(location))
    folders = [folder for folder in candidates if PROFILE in folder.sizes]
    if not folders:
        raise ConfigurationError(f"{location} holds no {PROFILE}, and no folder with one")
    return sorted(folders, key=lambda folder: folder.tenant)


def _read_path(path: Path) -> Iterator[TenantFolder]:
    if not path.is_dir():
        raise ConfigurationError(f"{path} is not a folder")
    folders = [path] if (path / PROFILE).is_file() else [each for each in path.iterdir() if each.is_dir()]
    for folder in folders:
        sizes = {each.name: each.stat().st_size for each in folder.iterdir() if each.is_file()}
        yield TenantFolder(folder.resolve().name, sizes, _read_file_in(folder))


def _read_file_in(folder: Path) -> Callable[[str], bytes]:
    return lambda name: (folder / name).read_bytes()


def _read_bucket(location: str, s3: Any) -> Iterator[TenantFolder]:
    bucket, _, prefix = location.removeprefix(S3_SCHEME).partition("/")
    if not bucket:
        raise ConfigurationError(f"{location} names no bucket: write it as s3://stride-knowledge")
    prefix = f"{prefix.rstrip('/')}/" if prefix.rstrip("/") else ""
    folders: dict[str, TenantFolder] = {}
    more: dict[str, str] = {}
    while True:
        with translate_aws_errors("knowledge.list"):
            page = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, **more)
        for entry in page.get("Contents", ()):
            tenant, _, name = entry["Key"].partition("/")
            if name and "/" not in name:
                folder = folders.setdefault(tenant, TenantFolder(tenant, read=_read_object_in(s3, bucket, tenant)))
                folder.sizes[name] = entry["Size"]
        if not page.get("NextContinuationToken"):
            return (yield from folders.values())
        more = {"ContinuationToken": page["NextContinuationToken"]}


def _read_object_in(s3: Any, bucket: str, tenant: str) -> Callable[[str], bytes]:
    def read(name: str) -> bytes:
        with translate_aws_errors("knowledge.read"):
            return bytes(s3.get_object(Bucket=bucket, Key=f"{tenant}/{name}")["Body"].read())

    return read
