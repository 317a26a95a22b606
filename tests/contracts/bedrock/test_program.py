"""The Bedrock stand-in as a program of its own, spoken to by boto3."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import closing

import boto3

from tests.deadlines import DEADLINE_SECONDS

HAIKU = "eu.anthropic.claude-haiku-4-5-20251001-v1:0"


def _start(*options):
    command = [sys.executable, "-m", "infra.local.bedrock", *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, env=dict(os.environ, PYTHONWARNINGS="error"), **pipes)


def _client(url):
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client("bedrock-runtime", endpoint_url=url, region_name="eu-central-1", **keys)


def test_it_runs_as_a_program_and_stops_on_a_signal():
    """The program says where it listens, streams to boto3, and ends with 0 on SIGTERM, an answer under way or not."""
    with _start("--first-token-ms", "0", "--tokens-per-second", "40") as process:
        try:
            label, url = process.stdout.readline().split()
            assert label == "ready"
            with closing(_client(url)) as client:
                greeting = {"modelId": HAIKU, "messages": [{"role": "user", "content": [{"text": "Cześć"}]}]}
                events = list(client.converse_stream(**greeting)["stream"])
                assert events[1]["contentBlockDelta"]["delta"]["text"] == "Dzień"
                assert events[-1]["metadata"]["usage"]["outputTokens"] > 10
                with closing(client.converse_stream(**greeting)["stream"]):
                    process.send_signal(signal.SIGTERM)
                    assert process.wait(timeout=DEADLINE_SECONDS) == 0
        finally:
            process.kill()
        assert process.communicate(timeout=DEADLINE_SECONDS) == ("", "")


def test_a_port_in_use_is_reported_clearly():
    """A port in use exits with 1 and a clear message."""
    with closing(socket.create_server(("127.0.0.1", 0))) as occupied:
        port = occupied.getsockname()[1]
        with _start("--port", str(port)) as process:
            _, error_output = process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == 1
    assert error_output.startswith(f"cannot listen on 127.0.0.1:{port}:")
    assert error_output.count("\n") == 1
