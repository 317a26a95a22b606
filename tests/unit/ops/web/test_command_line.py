"""`python -m ops.web`: says what is wrong with its settings, its port or its stack, in one sentence."""

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


def test_a_setting_that_is_no_good(capsys, monkeypatch, stack_file):
    """An unsafe address ends the start with the variable's name, and without the value of any secret."""
    monkeypatch.setenv("DESK_PUBLIC_URL", "http://desk.example.com")
    monkeypatch.setenv("DESK_TOKEN", "a-token-that-nobody-guesses")
    assert main(["--stack-file", str(stack_file)]) == 1
    message = capsys.readouterr().err
    assert "DESK_PUBLIC_URL has to be https" in message
    assert "guesses" not in message


def test_no_stack(capsys, tmp_path):
    """A description that is not there says what to do."""
    assert main(["--stack-file", str(tmp_path / "none.json")]) == 1
    assert "make up" in capsys.readouterr().err


async def test_a_taken_port():
    """A port that another program has is named before anything is opened."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        nowhere = Deployment("stride", "eu-central-1", "http://127.0.0.1:9", {})
        with pytest.raises(ConfigurationError, match=f"cannot listen on 127.0.0.1:{port}"):
            await serve(nowhere, WebSettings(port=port), ready=lambda _: None)
