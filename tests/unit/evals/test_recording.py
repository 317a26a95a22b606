"""Recorded answers."""

import pytest

from evals.checker import Answer
from evals.recording import RecordingError, open_recording, read_recording, write_answer
from shared.messages.server import Usage

ANSWER = Answer(
    "Zażółć\nline two", (("offer_booking", {"date": "2026-12-01"}),), Usage(output_tokens=3), "tool_use", "m"
)


def record(path, *answers):
    with open_recording(path) as file:
        for case_id, answer in answers:
            write_answer(file, case_id, answer)
    return path


def test_a_recorded_answer_is_read_as_it_was(tmp_path):
    """Text, calls, usage, stop reason and model survive; the last of two answers to a case counts."""
    path = record(tmp_path / "new" / "a.jsonl", ("one", Answer("old")), ("one", ANSWER))

    assert read_recording(path, ["one"]) == {"one": ANSWER}


def test_the_line_that_an_interruption_has_cut_is_ignored(tmp_path):
    """What was complete is read; a broken line before the end is an error with its number."""
    path = record(tmp_path / "a.jsonl", ("one", ANSWER), ("two", ANSWER))
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole[:-20], encoding="utf-8")
    cut = read_recording(path, ["one"])
    path.write_text("{}\n" + whole, encoding="utf-8")

    assert set(cut) == {"one"}
    with pytest.raises(RecordingError, match="line 1"):
        read_recording(path, ["one"])


def test_a_recording_that_cannot_be_used_is_refused(tmp_path):
    """A missing file, one of other cases, and one that would be overwritten are errors that name the file."""
    path = record(tmp_path / "a.jsonl", ("one", ANSWER))

    with pytest.raises(RecordingError, match="cannot be read"):
        read_recording(tmp_path / "none.jsonl", ["one"])
    with pytest.raises(RecordingError, match="no answer to any"):
        read_recording(path, ["two"])
    with pytest.raises(RecordingError, match="exists already"):
        open_recording(path)
    assert read_recording(path, ["one"]) == {"one": ANSWER}
