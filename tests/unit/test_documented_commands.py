"""Every command in a document exists with its options: of make, `stride`, the deploy tool and the AWS CLI."""

import re
import shlex
from functools import cache

import botocore.session
import click
import pytest
from botocore import xform_name
from botocore.exceptions import UnknownServiceError

from infra.deployment.options import build_parser
from ops.cli.app import stride
from tests.infra.template import load
from tests.unit.test_docs import DOCUMENTS, ROOT

FENCE = re.compile(r"^ *```\w*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
PROGRAMS = ("make ", "stride ", ".venv/bin/stride ", "aws ", "python -m infra.deploy ")

GLOBAL_AWS_OPTIONS = {"query", "output", "region", "profile", "filter", "follow", "since", "force", "format"}
AWS_COMMANDS_OF_THE_CLI = {("s3", "sync"), ("s3", "rb"), ("logs", "tail"), ("configure", "sso")}
"""Commands that are not an operation of a service (https://docs.aws.amazon.com/cli/latest/reference/)."""
AWS_SERVICES_OF_THE_CLI = {"s3api": "s3"}


def commands(text):
    """Return the commands of a document: in blocks, and in code marks."""
    blocks = [block.replace("\\\n", " ") for block in FENCE.findall(text)]
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    spans = CODE.findall(FENCE.sub("", text))
    return [line.split("  #")[0] for line in [*lines, *spans] if line.startswith(PROGRAMS)]


def split(command):
    """Return the words of a command, without the one that it is piped to."""
    return shlex.split(re.split(r" [|>] ", command)[0].replace("...", "x"))


@cache
def targets():
    return frozenset(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@cache
def parameters():
    return frozenset(load()["Parameters"])


@cache
def deploy_options():
    return frozenset(build_parser()._option_string_actions)


def check_make(words):
    if not words or "=" in words[0]:
        return []
    wrong = [] if words[0] in targets() else [words[0]]
    for word in words[1:]:
        name, _, value = word.partition("=")
        if name == "PARAMETERS":
            wrong += [pair for pair in value.split() if pair.partition("=")[0] not in parameters()]
        if name == "ARGS" and words[0] == "deploy":
            wrong += [option for option in re.findall(r"--[a-z-]+", value) if option not in deploy_options()]
    return wrong


def check_deploy_tool(words):
    return [word for word in words if word.startswith("--") and word.partition("=")[0] not in deploy_options()]


def check_stride(words):
    command, wrong = stride, []
    options, before = option_names(stride), ""
    for word in words:
        if word.startswith("--"):
            wrong += [word] if word.partition("=")[0] not in options else []
        elif isinstance(command, click.Group) and word in command.commands:
            command = command.commands[word]
            options = options | option_names(command)
        elif isinstance(command, click.Group) and command is not stride and not before.startswith("--"):
            wrong.append(word)
        before = word
    return wrong


def option_names(command):
    return {"--help"} | {name for each in command.params for name in [*each.opts, *each.secondary_opts]}


@cache
def operations(service):
    """Return the options by operation, as the AWS CLI spells them; empty without such a service."""
    try:
        model = botocore.session.get_session().get_service_model(AWS_SERVICES_OF_THE_CLI.get(service, service))
    except UnknownServiceError:
        return {}
    return {xform_name(name, "-"): (model, name) for name in model.operation_names}


def check_aws(words):
    [service, operation, *rest] = words
    if (service, operation) in AWS_COMMANDS_OF_THE_CLI or (service, operation) == ("cloudformation", "wait"):
        return []
    if operation not in operations(service):
        return [f"{service} {operation}"]
    model, name = operations(service)[operation]
    shape = model.operation_model(name).input_shape
    members = {xform_name(member, "-") for member in shape.members} if shape else set()
    # `--no-enable-x` sets `EnableX` to false.
    given = [word.removeprefix("--").removeprefix("no-") for word in rest if word.startswith("--")]
    known = members | GLOBAL_AWS_OPTIONS
    required = {xform_name(member, "-") for member in (shape.required_members if shape else ())}
    missing = required - set(given) if given else set()
    return [option for option in given if option not in known] + [f"{operation} lacks --{each}" for each in missing]


CHECKS = {
    "make": check_make,
    "stride": check_stride,
    ".venv/bin/stride": check_stride,
    "aws": check_aws,
    "python": lambda words: check_deploy_tool(words[2:]),
}


def test_every_command_in_a_document_exists():
    """Its target or subcommand, its options, and the parameters of the template that it names."""
    wrong = {}
    for document in DOCUMENTS:
        for command in commands(document.read_text(encoding="utf-8")):
            program, *words = split(command)
            if problems := CHECKS[program](words):
                wrong[document.name, command] = problems
    assert wrong == {}


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("make deplyo", "deplyo"),
        ("make deploy PARAMETERS='SesForm=a'", "SesForm=a"),
        ("make deploy ARGS=--dry", "--dry"),
        ("stride failures lst", "lst"),
        ("stride failures list --sate open", "--sate"),
        ("aws dynamodb drop-table --table-name x", "dynamodb drop-table"),
        ("aws dynamodb delete-table --table x", "table"),
        ("aws dynamodb delete-table --table x", "delete-table lacks --table-name"),
    ],
)
def test_a_command_that_does_not_exist_is_noticed(command, problem):
    """Otherwise the test above would prove nothing."""
    program, *words = split(command)
    assert problem in CHECKS[program](words)
