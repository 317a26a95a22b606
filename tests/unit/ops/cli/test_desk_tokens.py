"""`stride desk tokens`."""

import json
from datetime import timedelta

import pytest

from shared.errors import TransientError


def issue(terminal, *arguments):
    return terminal.json("desk", "tokens", "issue", *arguments)


def test_a_token_is_issued_for_a_person(terminal):
    """Only the token is printed to standard output, so that it can be piped; the rest says until when it is valid."""
    done = terminal.run("desk", "tokens", "issue", " Ola  [bold]Kowalska ", "--tenant", "salon-ania")
    assert done.exit_code == 0
    assert done.stdout.startswith("sdt_")
    assert len(done.stdout.split()) == 1
    assert "Ola [bold]Kowalska" in done.stderr
    [row] = terminal.json("desk", "tokens", "list")
    assert (row["name"], row["tenants"], row["state"]) == ("Ola [bold]Kowalska", ["salon-ania"], "valid")
    assert (row["issued_by"], row["last_used_at"]) == ("anna", None)
    assert not any(part in json.dumps(row) for part in done.stdout.strip().split("_")[2:])


def test_tokens_are_listed_and_revoked(terminal):
    """The newest first, with their state; a token that has ended is still listed."""
    old = issue(terminal, "Old", "--expires-days", "1")
    terminal.world.clock.advance(timedelta(days=1))
    revoked, valid = issue(terminal, "Ola"), issue(terminal, "Ania")
    assert terminal.run("desk", "tokens", "revoke", revoked["token_id"]).stdout == "Revoked.\n"
    states = {row["token_id"]: row["state"] for row in terminal.json("desk", "tokens", "list")}
    assert states == {old["token_id"]: "expired", revoked["token_id"]: "revoked", valid["token_id"]: "valid"}
    table = terminal.run("desk", "tokens", "list").stdout
    assert [line.split()[1] for line in table.splitlines()[1:]][-1] == "Old"
    assert "never" in table
    assert terminal.run("desk", "tokens", "revoke", "nothing").exit_code == 1


@pytest.mark.parametrize(
    "arguments",
    [[""], ["x" * 61], ["Ola\x1b[0m"], ["Ola", "--tenant", "Salon Ania"], ["Ola", "--expires-days", "0"], []],
)
def test_what_makes_no_token_is_an_invalid_command_line(terminal, arguments):
    """Nothing is stored."""
    assert terminal.run("desk", "tokens", "issue", *arguments).exit_code == 2
    assert terminal.desk_tokens.rows == {}
    assert "There are no tokens" in terminal.run("desk", "tokens", "list").stdout


def test_an_unreachable_table_is_one_line(terminal):
    """There is no traceback."""
    terminal.desk_tokens.error = TransientError("dynamodb")
    done = terminal.run("desk", "tokens", "list")
    assert (done.exit_code, "try again in a moment" in done.stderr) == (3, True)


@pytest.mark.parametrize("command", [[], ["issue"], ["list"], ["revoke"]])
def test_help_has_examples(terminal, command):
    """For each command."""
    assert "Examples:\n  stride desk tokens" in terminal.run("desk", "tokens", *command, "--help").stdout
