"""The command line: what it refuses, what it asks and what it prints."""

import io

import pytest

from infra import deploy
from infra.deployment.errors import DeployError


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_without_a_terminal_and_without_yes_it_stops_with_what_to_type(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(DeployError, match=r"Deploy this\? .*--yes \(make deploy YES=1\)"):
        deploy._build_confirmation(is_confirmed=False)("Deploy this?")


@pytest.mark.parametrize(
    ("answer", "is_yes"), [("y\n", True), ("YES\n", True), ("\n", False), ("n\n", False), ("", False)]
)
def test_at_a_terminal_only_yes_is_yes(monkeypatch, capsys, answer, is_yes):
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert deploy._build_confirmation(is_confirmed=False)("Deploy this?") is is_yes
    assert "Deploy this? [y/N]" in capsys.readouterr().err


def test_yes_answers_every_question(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert deploy._build_confirmation(is_confirmed=True)("Deploy this?")


def test_a_malformed_parameter_is_reported_without_a_traceback(capsys):
    assert deploy.main(["--parameter", "SesFromEmail"]) == 1
    assert "not deployed: 'SesFromEmail' does not look like" in capsys.readouterr().err


def test_the_help_has_examples(capsys):
    with pytest.raises(SystemExit):
        deploy.main(["--help"])
    text = capsys.readouterr().out
    assert "--version previous" in text
    assert "--dry-run --parameter SesFromEmail=visits@example.com" in text


def test_outputs_become_the_variables_of_workers():
    assert deploy.outputs_to_settings({"ChatQueueUrl": "url"}) == {"CHAT_QUEUE_URL": "url"}
