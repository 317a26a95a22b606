"""The files in which the local stack keeps its data."""

import json

import pytest

from infra.local.kept_state import KeptStateError, read_state, remove_state, write_state


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "calendar.json"


def test_what_was_written_last_is_read(path):
    """Nothing is read before the first write, and no second file stays."""
    assert read_state(path) is None
    write_state(path, {"events": 1})
    write_state(path, {"events": 2})
    assert read_state(path) == {"events": 2}
    assert list(path.parent.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_file_as_it_was(path):
    """A full disk or a value that can't be written costs the new content, not the old one."""
    write_state(path, {"events": 1})
    unfinished = path.with_name("calendar.json.new")
    unfinished.mkdir()
    with pytest.raises(OSError, match=r"calendar\.json\.new"):
        write_state(path, {"events": 2})
    unfinished.rmdir()
    with pytest.raises(TypeError):
        write_state(path, {"events": object()})
    assert read_state(path) == {"events": 1}


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"format": 1, "content": {"ev',
        "[]",
        "null",
        "{}",
        '{"format": 1}',
        '{"format": 99, "content": {}}',
        b"\xff\xfe",
    ],
)
def test_a_file_that_is_no_state_is_refused(path, text):
    """Cut off, empty, of another release or no JSON at all: the error names the file and the way out."""
    path.parent.mkdir()
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(KeptStateError, match=r"calendar\.json .*`make up FRESH=1` begins anew"):
        read_state(path)


def test_a_file_that_cannot_be_read_is_refused(path):
    """A folder in its place, as any other error of the file system, is named."""
    path.mkdir(parents=True)
    with pytest.raises(KeptStateError, match="can't be read"):
        read_state(path)


def test_fresh_removes_everything(path):
    """Also where nothing was kept."""
    write_state(path, {})
    (path.parent / "buckets").mkdir()
    remove_state(path.parent)
    remove_state(path.parent)
    assert not path.parent.exists()


def test_the_text_is_adapted_before_it_is_parsed(path):
    """Addresses in it can be replaced."""
    write_state(path, {"url": "http://old/"})
    assert json.loads(path.read_text())["content"] == {"url": "http://old/"}
    assert read_state(path, adapt=lambda text: text.replace("old", "new")) == {"url": "http://new/"}
