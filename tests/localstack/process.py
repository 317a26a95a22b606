"""Runs LocalStack core as a process of this machine, without Docker and without an account."""

import http.client
import shutil
from contextlib import closing
from pathlib import Path

from infra.local.child import Child
from infra.local.environment import build_clean_environment
from infra.local.ports import HOST
from infra.local.processes import ROOT, Children

PYTHON = ROOT / ".stride" / "localstack-venv" / "bin" / "python"
"""The Python of LocalStack's environment, which `make test-localstack` creates."""

_READY_SECONDS = 60


def start_localstack(children: Children, *, port: int, scratch: Path) -> Child:
    """Start it without waiting; its files are under `scratch`, which is emptied first."""
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    own = {
        "GATEWAY_LISTEN": f"{HOST}:{port}",
        # The host name in queue URLs, with a path as the name of the queue: no other name has to be resolved.
        "LOCALSTACK_HOST": f"{HOST}:{port}",
        "SQS_ENDPOINT_STRATEGY": "path",
        # Nothing is reported or downloaded, no name server is started and no account is asked for.
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DNS_ADDRESS": "0",
        "ACTIVATE_PRO": "0",
        # Its caches are in the home folder. It deletes the folder `localstack` of temporary files when it starts.
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
    }
    command = [str(PYTHON), str(Path(__file__).with_name("loopback.py"))]
    return children.start("localstack", command, {**build_clean_environment(), **own}, stage=0, grace_seconds=5)


def wait_for_localstack(child: Child, port: int) -> None:
    """Wait until it serves; raise `ChildError` if it does not."""
    child.wait_until(lambda: _is_ready(port), timeout_seconds=_READY_SECONDS)


def _is_ready(port: int) -> bool:
    with closing(http.client.HTTPConnection(HOST, port, timeout=2)) as connection:
        try:
            connection.request("GET", "/_localstack/health")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
