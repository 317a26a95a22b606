"""The evaluation of all cases, and its report."""

import io

import pytest

from evals.__main__ import main
from evals.checker import Answer, Fault, Finding
from evals.evaluation import evaluate_model
from evals.golden_case import read_cases
from evals.recording import open_recording, write_answer
from evals.report import Result, format_report
from shared.errors import PermanentError, TransientError
from shared.messages.server import Usage
from workers.chat.ports import Finished, Restarted, TextDelta

HAIKU = "eu.anthropic.claude-haiku-4-5-20251001-v1:0"
CASES = {case.id: case for case in read_cases()}
PRICE = CASES["lumen-en-price-consultation"]
HELLO = CASES["lumen-en-hello"]


class ScriptedModel:
    """Answers with the next of its scripts: events, or an error to raise among them."""

    def __init__(self, *scripts):
        self._scripts = list(scripts)

    async def stream(self, prompt, *, deadline):
        for event in self._scripts.pop(0):
            if isinstance(event, Exception):
                raise event
            yield event


def finish(**usage):
    return Finished(Usage(**usage), "end_turn", HAIKU)


async def ask(*scripts, record=None):
    waits = []

    async def sleep(seconds):
        waits.append(seconds)

    (result,) = await evaluate_model(ScriptedModel(*scripts), [PRICE], at_once=1, record=record, sleep=sleep)
    return result, waits


async def test_a_call_is_repeated_and_a_refusal_ends_the_case_alone():
    """Three calls at most, with waits; a restarted answer begins anew; a refused case is a result without an answer."""
    right = [TextDelta("It costs 99 zł. "), Restarted(), TextDelta("It costs 220 zł."), finish()]
    record = io.StringIO()

    repeated, waits = await ask([TransientError("busy")], [TransientError("busy")], right, record=record)
    given_up, _ = await ask(*[[TransientError("busy")]] * 3, record=record)
    refused, no_waits = await ask([PermanentError("model_refused")], record=record)

    assert repeated.is_right
    assert waits == [2, 4]
    assert no_waits == []
    assert "busy" in given_up.error
    assert "model_refused" in refused.error
    assert len(record.getvalue().splitlines()) == 1


async def test_an_answer_without_end_is_no_right_one():
    """A stream that ends without its end is a fault, even if its text is right."""
    result, _ = await ask([TextDelta("It costs 220 zł.")])

    assert not result.is_right


def test_the_report_counts_by_kind_and_language_and_names_each_fault():
    """A row has cases, right answers, tokens and dollars; without an answer a case is not right."""
    million = Answer("", usage=Usage(input_tokens=1_000_000, output_tokens=1_000_000), model_id=HAIKU)
    report = format_report(
        [
            Result(PRICE, million, (Finding(Fault.PRICE, "99 PLN is wrong"),)),
            Result(HELLO, Answer("Hello")),
            Result(HELLO, error="busy"),
        ]
    )

    lines = report.splitlines()
    assert lines[:2] == [f"{PRICE.id}: price: 99 PLN is wrong", f"{HELLO.id}: no answer: busy"]
    assert [line.split() for line in lines[3:]] == [
        ["fact", "en", "1", "0", "1000000", "0", "1000000", "6.6000"],
        ["courtesy", "en", "2", "1", "0", "0", "0", "0.0000"],
        ["all", "3", "1", "1000000", "0", "1000000", "6.6000"],
    ]


def test_the_command_replays_a_recording_and_says_what_is_wrong(tmp_path, capsys, monkeypatch):
    """0 for right answers, 1 for a fault, 2 with a sentence for what cannot begin, such as missing credentials."""
    right, wrong = tmp_path / "right.jsonl", tmp_path / "wrong.jsonl"
    for path, text in ((right, "It costs 220 zł."), (wrong, "It costs 230 zł.")):
        with open_recording(path) as file:
            write_answer(file, PRICE.id, Answer(text, model_id=HAIKU))
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    assert main(["--case", PRICE.id, "--replay", str(right)]) == 0
    assert main(["--case", PRICE.id, "--replay", str(wrong)]) == 1
    assert f"{PRICE.id}: price: 230 PLN" in capsys.readouterr().out
    assert main(["--case", "none"]) == 2
    assert main(["--bedrock", "aws", "--record", str(tmp_path / "x.jsonl")]) == 2
    assert "AWS_PROFILE" in capsys.readouterr().err
    assert not (tmp_path / "x.jsonl").exists()
    with pytest.raises(SystemExit):
        main(["--replay", str(right), "--bedrock", "aws"])
