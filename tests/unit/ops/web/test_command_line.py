"""`python -m ops.web`: errors of settings, port and stack are one line."""

import socket

import pytest

from ops.deployment import Deployment
from ops.desk.domain.values import Operator
from ops.web.__main__ import main
from ops.web.serve import build_process_token, serve
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


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DESK_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("DESK_TRUSTED_PROXIES", "everybody"),
        ("DESK_OPERATOR_NAME", "Ola\x1b[0m"),
        ("DESK_REQUEST_SECONDS", "0"),
    ],
)
def test_a_mistyped_setting_of_the_sign_in(capsys, monkeypatch, stack_file, variable, value):
    """The desk does not start with less protection than was meant."""
    monkeypatch.setenv(variable, value)
    assert main(["--stack-file", str(stack_file)]) == 1
    assert variable.removeprefix("DESK_") in capsys.readouterr().err


def test_who_signs_in_with_the_token_of_the_process(monkeypatch):
    """With `DESK_TOKEN` one named operator; with the printed one whoever started the desk."""
    monkeypatch.setenv("LOGNAME", "ola")
    printed = build_process_token(WebSettings())
    assert (printed.operator.name, printed.is_configured, len(printed.text)) == ("ola", False, 32)
    shared = build_process_token(WebSettings(token="a-token-that-nobody-guesses", tenants="salon-ania"))
    assert (shared.operator, shared.is_configured) == (
        Operator("operator", frozenset({"salon-ania"}), is_display_name=False),
        True,
    )
    assert build_process_token(WebSettings(token=shared.text, operator_name=" On  call ")).operator.name == "On call"
