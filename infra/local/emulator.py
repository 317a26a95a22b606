"""Runs MiniStack, the emulator of AWS, as a process of this machine."""

import contextlib
import http.client
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from infra.aws import REGION
from infra.local.child import Child
from infra.local.ports import HOST
from infra.local.processes import Children
from infra.package import BUILD

_READY_SECONDS = 30
_SAVE_SECONDS = 15


def start_emulator(
    children: Children,
    *,
    port: int,
    scratch: Path,
    environment: Mapping[str, str],
    iam_record: Path | None = None,
    state: Path | None = None,
) -> Child:
    """Start it; its functions run under `scratch`, which is emptied first.

    With `state` it keeps its data in that folder, and goes on with them at its next start. With `iam_record`
    it enforces IAM, and writes each decision about a role to that file.
    """
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    own = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        # The host name in queue URLs; "localhost" may resolve to another address family.
        "MINISTACK_HOST": HOST,
        "MINISTACK_REGION": REGION,
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "TMPDIR": str(scratch),
        "UNPACKED_PACKAGES": str(BUILD / "unpacked"),
    }
    module = "infra.local.queueing_emulator"
    if iam_record:
        module, own = "infra.local.iam", {**own, "AUTH": "true", "IAM_RECORD": str(iam_record)}
    if state:
        state.mkdir(parents=True, exist_ok=True)
        own |= {"EMULATOR_STATE": str(state / "emulator.json"), "STATE_DIR": str(state)}
        own |= {"S3_PERSIST": "1", "S3_DATA_DIR": str(state / "buckets")}
    command = [sys.executable, "-m", module]
    # Without data to write it has nothing to finish, and would wait for every open connection.
    grace_seconds = _SAVE_SECONDS if state else 0.5
    return children.start("emulator", command, {**environment, **own}, stage=0, grace_seconds=grace_seconds)


def wait_for_emulator(child: Child, port: int) -> None:
    """Wait until it serves; raise `ChildError` if it does not."""
    child.wait_until(lambda: is_emulator_ready(port), timeout_seconds=_READY_SECONDS)


def is_emulator_ready(port: int) -> bool:
    """Return whether it serves now."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/_ministack/ready")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
