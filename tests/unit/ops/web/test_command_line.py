"""`python -m ops.web`: errors of settings, port and stack are one line."""

import socket

import pytest

from ops.deployment import Deployment
from ops.web.__main__ import main
from ops.web.serve import serve
from ops.web.settings import WebSettings
from shared.errors import ConfigurationError


@pytest.fixture
def stack_file(tmp_path):
    path = tmp_path / "stack.json"
    path.write_text('{"aws_endpoint_url": "http://127.0.0.1:9", "region": "eu-central-1"}', encoding="utf-8")
    return path


def test_an_invalid_setting(capsys, monkeypatch, stack_file):
    """The message has the name of the variable and no secret values."""
    monkeypatch.setenv("DESK_PUBLIC_URL", "http://desk.example.com")
    monkeypatch.setenv("DESK_TOKEN", "a-token-that-nobody-guesses")
    assert main(["--stack-file", str(stack_file)]) == 1
    message = capsys.readouterr().err
    assert "DESK_PUBLIC_URL has to be https" in message
    assert "guesses" not in message


def test_a_missing_stack(capsys, tmp_path):
    """The message says how to start one."""
    assert main(["--stack-file", str(tmp_path / "none.json")]) == 1
    assert "make up" in capsys.readouterr().err


async def test_a_port_in_use():
    """The port is checked before anything else is opened, and the message names it."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        unreachable = Deployment("stride", "eu-central-1", "http://127.0.0.1:9", {})
        with pytest.raises(ConfigurationError, match=f"cannot listen on 127.0.0.1:{port}"):
            await serve(unreachable, WebSettings(port=port), ready=lambda _: None)
