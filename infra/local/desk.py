"""Runs the desk in the browser beside the stack."""

import json
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

from infra.aws import REGION
from infra.local.child import Child
from infra.local.environment import build_clean_environment
from infra.local.ports import HOST, find_free_port
from infra.local.processes import Children
from infra.local.stand_ins import find_ready_address

_READY_SECONDS = 30


@dataclass(frozen=True)
class Desk:
    """The address of the desk and its token."""

    url: str
    token: str
    process: Child

    @property
    def sign_in_url(self) -> str:
        """Return the address of the sign-in page with the token in its fragment."""
        return f"{self.url}/sign-in#{self.token}"

    def wait_until_ready(self) -> None:
        """Wait until it serves; raise `ChildError` if it does not."""
        self.process.wait_for_output(find_ready_address, timeout_seconds=_READY_SECONDS)


def start_desk(children: Children, *, folder: Path, port: int, endpoint_url: str, calendar_url: str) -> Desk:
    """Start it without waiting; 0 or a port that is in use stands for a free port."""
    # The stack's description is written after all of it has started, and the desk is a part of it.
    description = folder / "desk.json"
    found = {"aws_endpoint_url": endpoint_url, "region": REGION, "calendar_url": calendar_url}
    description.write_text(json.dumps(found), encoding="utf-8")
    token, own_port = secrets.token_urlsafe(16), find_free_port(port)
    command = [sys.executable, "-m", "ops.web", "--stack-file", str(description), "--port", str(own_port)]
    environment = {name: value for name, value in build_clean_environment().items() if not name.startswith("DESK_")}
    child = children.start("desk", command, {**environment, "DESK_TOKEN": token}, stage=2)
    return Desk(f"http://{HOST}:{own_port}", token, child)
