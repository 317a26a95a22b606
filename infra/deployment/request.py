"""What a deployment is asked for, and what it is done with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from infra.deployment.findings import Clients


@dataclass(frozen=True)
class Request:
    """The options of one `make deploy`."""

    stack: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    """The named parameters; every other one keeps its value."""
    replaceable: tuple[str, ...] = ()
    """Resources with data that may be replaced or removed."""
    imports: Mapping[str, str] = field(default_factory=dict)
    """Physical ids by logical id, of resources that a deleted stack or an update has left."""
    skip_rollback_of: tuple[str, ...] = ()
    is_dry_run: bool = False
    watch_minutes: int = 5
    """How long after an update a ringing alarm still rolls it back."""


@dataclass(frozen=True)
class Environment:
    """Where and with what a deployment runs."""

    clients: Clients
    account: str
    region: str
    report: Callable[[str], None]
    """Shows one line."""
    confirm: Callable[[str], bool]
    """Asks a question; raises `DeployError` where nobody can answer."""
    now: Callable[[], datetime]
    release: str
    commit: str
    poll_seconds: float = 5.0
    endpoint_url: str | None = None
    """The endpoint of an emulator that is deployed to as if it were AWS."""


@dataclass(frozen=True)
class Artifacts:
    """What is deployed: the template and the archives of the functions by name."""

    template: Path
    packages: Mapping[str, Path]
