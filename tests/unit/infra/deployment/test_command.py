"""The command line: what it refuses, what it asks and what it prints."""

import io
import os
import subprocess

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError

from infra import deploy
from infra.deployment.errors import DeployError, UnwatchedError
from infra.deployment.options import build_parser
from ops.settings import find_aws_region
from tests.deadlines import DEADLINE_SECONDS
from tests.fakes.aws_account.refusal import refusal


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


@pytest.mark.parametrize(
    ("error", "text", "status"),
    [
        (DeployError("why"), "not deployed: why", 1),
        (UnwatchedError("CloudFormation goes on"), "not finished: CloudFormation goes on", 1),
        (KeyboardInterrupt(), "interrupted: nothing was deployed", 130),
        (KeyboardInterrupt("CloudFormation goes on"), "interrupted: CloudFormation goes on", 130),
    ],
)
def test_the_end_says_whether_something_goes_on(error, text, status):
    """An operator must know whether the next command meets a stack in progress."""
    assert deploy.describe_end(error) == (text, status)


@pytest.mark.parametrize(
    ("error", "is_about_credentials"),
    [
        (refusal("ExpiredToken", "The security token included in the request is expired"), True),
        (NoCredentialsError(), True),
        (refusal("AccessDenied", "no"), False),
        (EndpointConnectionError(endpoint_url="https://sts"), False),
    ],
)
def test_missing_credentials_are_reported_with_what_to_do(error, is_about_credentials):
    """Those of a person expire within hours."""
    assert ("Sign in again" in deploy.describe_end(error)[0]) == is_about_credentials


def test_an_import_does_not_go_with_a_restoration(capsys):
    """It would be ignored."""
    with pytest.raises(SystemExit):
        deploy.main(["--version", "previous", "--import", "SessionKey=arn"])
    assert "--import does not go with --version" in capsys.readouterr().err


@pytest.mark.parametrize("minutes", ["-1", "181", "soon"])
def test_a_time_that_cloudformation_refuses_is_refused_before_anything_is_built(capsys, minutes):
    """It accepts up to 180 minutes."""
    with pytest.raises(SystemExit):
        deploy.main(["--watch-minutes", minutes])
    assert "--watch-minutes" in capsys.readouterr().err


@pytest.mark.parametrize(
    "option",
    ["--dry-run", "--version=previous", "--list-versions", "--import=A=b", "--replace-data=A", "--skip-rollback-of=A"],
)
def test_what_an_emulator_does_not_have_is_refused_there(monkeypatch, capsys, option):
    """A dry run that deploys is worse than none."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    with pytest.raises(SystemExit):
        deploy.main([option])
    assert f"leave out {option.split('=')[0]}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({}, "eu-central-1"),
        ({"AWS_REGION": ""}, "eu-central-1"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "us-east-1"}, "us-east-1"),
    ],
)
def test_the_region_is_the_one_that_the_desk_uses(monkeypatch, variables, region):
    """`stride doctor` must not look for the stack somewhere else."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert build_parser().parse_args([]).region == region == find_aws_region()


@pytest.mark.parametrize("region", ["mars", "eu-central-1/", "eu central 1", "EU-CENTRAL-1"])
def test_a_region_that_is_none_is_refused(monkeypatch, capsys, region):
    """It becomes part of a host name."""
    monkeypatch.setenv("AWS_REGION", region)
    with pytest.raises(SystemExit):
        deploy.main([])
    assert f"{region!r} is no region such as eu-central-1" in capsys.readouterr().err


def test_another_region_of_the_profile_is_reported(monkeypatch, capsys, tmp_path):
    """The AWS CLI uses that one, so what it created is not where the stack is."""
    config = tmp_path / "config"
    config.write_text("[profile studio]\nregion = eu-west-1\n")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_CONFIG_FILE": config,
        "AWS_SHARED_CREDENTIALS_FILE": config,
        "AWS_PROFILE": "studio",
    }.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert deploy.main([]) == 1
    assert (
        "Your AWS configuration names eu-west-1: for a stack there, set AWS_REGION=eu-west-1" in capsys.readouterr().err
    )


@pytest.mark.parametrize("value", ['{"a": 1}', "it's;$HOME&|`id`"])
def test_make_passes_a_value_on_as_it_is(value):
    """A shell would take the quotes away, or run what follows a semicolon."""
    words = value.split()
    completed = subprocess.run(
        [
            "make",
            "--silent",
            "deploy",
            f"PARAMETERS={value.replace('$', '$$')}",
            "STACK=a;b",
            "VERSION=c d",
            "PYTHON=printf '%s\\n'",
            "READY=",
        ],
        cwd=deploy.ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=DEADLINE_SECONDS,
        # Not what was given to the make that runs the tests.
        env={"PATH": os.environ["PATH"]},
    )
    pairs = [line for word in words for line in ("--parameter", word)]
    assert completed.stdout.splitlines() == ["-m", "infra.deploy", "--stack", "a;b", *pairs, "--version", "c d"]
