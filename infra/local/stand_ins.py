"""Starts the stand-ins for Google Calendar and Bedrock, or prepares access to Bedrock on AWS."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from infra.local import bedrock_access
from infra.local.child import Child
from infra.local.environment import build_clean_environment
from infra.local.google_calendar.keys import create_service_account_key
from infra.local.kept_state import BEGIN_ANEW, KeptStateError, read_state, write_state
from infra.local.ports import HOST, find_free_port
from infra.local.processes import Children
from shared.tenants.profile import TenantProfile

_READY_SECONDS = 30
_KEPT = "stand-ins.json"


@dataclass(frozen=True)
class StandIns:
    """The addresses of the stand-ins, and the clients' credentials."""

    calendar_url: str
    service_account: Mapping[str, str]
    bedrock: Mapping[str, str]
    """Environment variables for the chat pool."""

    processes: tuple[Child, ...]

    @property
    def bedrock_url(self) -> str:
        """Return the endpoint of Bedrock, the stand-in's or AWS's."""
        return self.bedrock["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"]

    def wait_until_ready(self) -> None:
        """Wait until they serve; raise `ChildError` if one does not."""
        for process in self.processes:
            process.wait_for_output(find_ready_address, timeout_seconds=_READY_SECONDS)


def start_stand_ins(
    children: Children,
    *,
    folder: Path,
    profile: TenantProfile,
    bedrock: Literal["stand-in", "aws"],
    bedrock_arguments: Sequence[str] = (),
    state: Path | None = None,
) -> StandIns:
    """Start the stand-ins without waiting for them; with `state` they keep events, ports and the key in that folder.

    Raises:
        KeptStateError: what they kept is broken.
        NoCredentialsFoundError: `bedrock` is `aws`, and the user has no credentials.
    """
    access = bedrock_access.build_aws_variables() if bedrock == "aws" else None
    kept = _read_kept(state)
    calendar_port, account = find_free_port(kept.calendar_port), kept.account
    if not account or calendar_port != kept.calendar_port:
        account = create_service_account_key(f"http://{HOST}:{calendar_port}/token")
    port = find_free_port(kept.bedrock_port)
    if state:
        write_state(state / _KEPT, asdict(_Kept(calendar_port, port, account)))
    events = state / "calendar.json" if state else None
    processes = [
        _start_calendar(children, port=calendar_port, folder=folder, profile=profile, account=account, events=events)
    ]
    if access is None:
        command = [sys.executable, "-m", "infra.local.bedrock", "--port", str(port), *bedrock_arguments]
        processes.append(children.start("bedrock", command, build_clean_environment(), stage=1))
        access = bedrock_access.build_stand_in_variables(f"http://{HOST}:{port}")
    return StandIns(f"http://{HOST}:{calendar_port}/calendar/v3/", account, access, tuple(processes))


@dataclass(frozen=True)
class _Kept:
    """What the deployed stack knows of the stand-ins: with the same values, the next deployment changes nothing."""

    calendar_port: int = 0
    bedrock_port: int = 0
    account: Mapping[str, str] = field(default_factory=dict)


def _read_kept(state: Path | None) -> _Kept:
    content = read_state(state / _KEPT) if state else None
    try:
        return _Kept(**content) if content else _Kept()
    except TypeError as error:
        raise KeptStateError(f"{state and state / _KEPT} is of another release ({error}); {BEGIN_ANEW}") from error


def find_ready_address(line: str) -> str | None:
    """Return the address after "ready", which our servers print once they listen."""
    return line.removeprefix("ready ") if line.startswith("ready ") else None


def _start_calendar(
    children: Children,
    *,
    port: int,
    folder: Path,
    profile: TenantProfile,
    account: Mapping[str, str],
    events: Path | None,
) -> Child:
    key_file = folder / "google-service-account.json"
    key_file.write_text(json.dumps(account), encoding="utf-8")
    command = [sys.executable, "-m", "infra.local.google_calendar", "--port", str(port)]
    command += ["--calendar", profile.calendar_id, "--time-zone", profile.time_zone]
    command += ["--service-account", str(key_file), *(["--keep", str(events)] if events else [])]
    return children.start("calendar", command, build_clean_environment(), stage=1)
