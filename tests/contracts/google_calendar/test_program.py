"""The stand-in as a program."""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import closing

from google.oauth2.service_account import Credentials
from googleapiclient.discovery import build

from tests.contracts.google_calendar.client import CALENDAR, SCOPE, StandInServer, busy
from tests.deadlines import DEADLINE_SECONDS


def start(*options):
    command = [sys.executable, "-m", "infra.local.google_calendar", *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, env=dict(os.environ, PYTHONWARNINGS="error"), **pipes)


def test_the_program_serves_until_a_signal(info, tmp_path):
    """The program prints its address, accepts the registered key, and exits with 0 on SIGTERM."""
    key_file = tmp_path / "key.json"
    key_file.write_text(json.dumps(info))
    with start("--calendar", CALENDAR, "--service-account", str(key_file)) as process:
        try:
            label, endpoint = process.stdout.readline().split()
            assert label == "ready"
            server = StandInServer(endpoint.removesuffix("/calendar/v3/"), info)
            assert server.control("GET", "ready") == {"ready": True}
            credentials = Credentials.from_service_account_info(server.info, scopes=[SCOPE])
            options = {"api_endpoint": endpoint}
            plain = {"credentials": credentials, "static_discovery": True, "client_options": options}
            with closing(build("calendar", "v3", **plain)) as api:
                assert busy(api) == {"busy": []}
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=DEADLINE_SECONDS) == ("", "")
    assert process.returncode == 0


def test_a_port_in_use_and_a_bad_key_file_are_reported_clearly(tmp_path):
    """A port in use exits with 1 and an invalid key file with 2, each with a clear message."""
    with closing(socket.create_server(("127.0.0.1", 0))) as occupied_port:
        port = occupied_port.getsockname()[1]
        with start("--port", str(port)) as process:
            _, error_output = process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == 1
    assert error_output.startswith(f"cannot listen on 127.0.0.1:{port}: the port is in use")
    assert error_output.count("\n") == 1
    (tmp_path / "key.json").write_text("{}")
    with start("--service-account", str(tmp_path / "key.json")) as process:
        _, error_output = process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == 2
    assert "not the key file of a service account" in error_output
