"""Records each deployment in the code bucket, so that a later one can restore its code and model."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from infra.deployment.code_bucket import CodeBucket
from infra.deployment.errors import DeployError

CODE = ("IngressCodeKey", "WorkersCodeKey")
MODEL = ("BedrockModelId", "BedrockFoundationModelId")
RESTORED = (*CODE, *MODEL)
"""The parameters that make a version: code and model."""


@dataclass(frozen=True)
class Record:
    """One deployment that succeeded."""

    time: str
    """UTC, as in 2026-11-28T21:05:00Z."""
    release: str
    commit: str
    restored: Mapping[str, str]
    """The values of `RESTORED`."""
    handlers: Mapping[str, str]
    """The handler of each function: code only runs under a template that calls it by its names."""
    template_key: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    """All parameters that are not secret."""
    retained: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Type and physical id of what outlives the stack, by logical id."""

    @property
    def version(self) -> str:
        """Return the short name of this code and model."""
        return compute_version(self.restored)

    def describe(self) -> str:
        """Return one line of the list of versions."""
        model = self.restored.get("BedrockModelId", "")
        return f"{self.version}  {self.time}  release {self.release} {self.commit}  {model}"


def compute_version(parameters: Mapping[str, str]) -> str:
    """Return the short name of the code and model that the parameters name."""
    text = "\n".join(parameters.get(name, "") for name in RESTORED)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _prefix(stack: str) -> str:
    return f"deployments/{stack}/"


def save_record(bucket: CodeBucket, stack: str, record: Record) -> None:
    """Store a record; its key sorts by time."""
    key = f"{_prefix(stack)}{record.time.replace(':', '')}-{record.version}.json"
    bucket.write(key, json.dumps(asdict(record), indent=2).encode())


def load_records(bucket: CodeBucket, stack: str) -> list[Record]:
    """Return the records of a stack, the oldest first."""
    return [_read(bucket, key) for key in bucket.keys(_prefix(stack))]


def _read(bucket: CodeBucket, key: str) -> Record:
    try:
        return _parse(bucket.get(key))
    except (ValueError, TypeError, AttributeError) as error:
        raise DeployError(
            f"{key} in {bucket.name} is no record of a deployment ({type(error).__name__}: {error}): remove it, such as"
            f" aws s3 rm s3://{bucket.name}/{key}"
        ) from error


def _parse(content: bytes) -> Record:
    stored = json.loads(content)
    retained = {name: (kind, physical_id) for name, (kind, physical_id) in stored.pop("retained", {}).items()}
    # A later release may store more.
    known = {name: value for name, value in stored.items() if name in Record.__dataclass_fields__}
    return Record(**known, retained=retained)


def list_versions(records: Sequence[Record]) -> list[Record]:
    """Return one record for each version, in the order of their first deployments, each with its newest record."""
    newest = {record.version: record for record in records}
    return [newest[version] for version in dict.fromkeys(record.version for record in records)]


def choose_version(records: Sequence[Record], name: str, current: Mapping[str, str]) -> Record:
    """Return the version with this name, or for `previous` the one that came before the deployed one."""
    known = list_versions(records)
    deployed = compute_version(current)
    listed = "\n".join(f"  {each.describe()}" for each in known) or "  none"
    if name != "previous":
        found = [each for each in known if each.version.startswith(name) or each.release == name]
        if len(found) != 1:
            raise DeployError(f"{len(found) or 'no'} versions match {name!r}. There are:\n{listed}")
        return found[0]
    order = [each.version for each in known]
    # A deployment without a record, by another tool, comes after all of them.
    position = order.index(deployed) if deployed in order else len(order)
    if position == 0:
        raise DeployError(f"there is no version before the deployed one ({deployed}). There are:\n{listed}")
    return known[position - 1]
