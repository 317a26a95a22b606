"""That a trace survives its way as a header, and that nothing else does."""

import asyncio
import re
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.trace import MAX_HEADER_CHARACTERS, Trace, current_trace, use_trace

ROOT, PARENT = "1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8"
WELL_FORMED = re.compile(
    r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}(;Parent=[0-9a-f]{16})?(;Sampled=[01])?(;Lineage=[0-9a-f:|]{1,128})?"
)

hexadecimal = st.text("0123456789abcdef", min_size=24, max_size=24)
traces = st.builds(
    Trace,
    root=st.builds(lambda text: f"1-{text[:8]}-{text}", hexadecimal),
    parent=st.none() | hexadecimal.map(lambda text: text[:16]),
    sampled=st.none() | st.booleans(),
    lineage=st.none() | st.text("0123456789abcdef:|", min_size=1, max_size=128),
)
# Fields and separators in any order: closer to a header than what a fuzzer finds by itself.
shards = st.sampled_from(
    [f"Root={ROOT}", f"Parent={PARENT}", "Sampled=1", "Sampled=?", "Self=", "Root=", ";", "=", "\0"]
)
near_headers = st.lists(shards | st.text(max_size=8), max_size=12).map("".join)


@pytest.mark.parametrize(
    ("header", "trace"),
    [
        (f"Root={ROOT};Parent={PARENT};Sampled=1", Trace(ROOT, PARENT, sampled=True)),
        (f"Root={ROOT};Parent={PARENT};Sampled=0", Trace(ROOT, PARENT, sampled=False)),
        (f"Sampled=1;Parent={PARENT};Root={ROOT}", Trace(ROOT, PARENT, sampled=True)),
        (f"Root={ROOT}; Parent={PARENT}; Sampled=?", Trace(ROOT, PARENT)),
        (f"Root={ROOT}", Trace(ROOT)),
        (f"Root={ROOT}\n", Trace(ROOT)),
        (f"Self=1-67891234-12456789abcdef012345678;Root={ROOT};CalledFrom=app", Trace(ROOT)),
        (f"Root={ROOT};Parent={PARENT};Sampled=1;Lineage=1:a87bd80c:1", Trace(ROOT, PARENT, True, "1:a87bd80c:1")),
        (f"Root={ROOT};Parent=;Sampled=yes;Lineage=<script>", Trace(ROOT)),
        (f"Root={ROOT};Parent={PARENT.upper()}", Trace(ROOT)),
    ],
)
def test_a_header_is_read(header, trace):
    """The fields come in any order; one that nobody needs or can read is left out."""
    assert Trace.parse(header) == trace


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "trace",
        ";;;===",
        f"Parent={PARENT};Sampled=1",
        f"root={ROOT}",
        "Root=",
        "Root=1-5759e988-bd862e3fe1be46a99427279",
        f"Root={ROOT.upper()}x",
        "Root=2-5759e988-bd862e3fe1be46a994272793",
        "Root=1-٥٧٥٩٠٩٨٨-bd862e3fe1be46a994272793",
        f"Root={ROOT};" + "x" * MAX_HEADER_CHARACTERS,
    ],
)
def test_what_names_no_trace_is_none(header):
    """Garbage is as good as nothing."""
    assert Trace.parse(header) is None


@given(traces)
def test_a_header_says_all_of_a_trace(trace):
    """Written and read it is the same, within the length that others take."""
    assert Trace.parse(trace.header) == trace
    assert len(trace.header) <= MAX_HEADER_CHARACTERS


@given(st.text(max_size=300) | near_headers)
@example(f"Root={ROOT};Root=evil")
def test_no_text_does_harm(text):
    """Nothing is raised, and what is handed on is well-formed whatever came in."""
    trace = Trace.parse(text)
    assert trace is None or WELL_FORMED.fullmatch(trace.header)


@given(traces)
def test_a_child_is_of_the_same_trace(trace):
    """Only who caused it is another."""
    child = trace.begin_step()
    assert (child.root, child.sampled, child.lineage) == (trace.root, trace.sampled, trace.lineage)
    assert child.parent not in {trace.parent, trace.begin_step().parent}
    assert Trace.parse(child.header) == child


@given(st.datetimes(datetime(1970, 1, 1), datetime(2106, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - bounds
def test_a_new_trace_is_named_after_its_instant(at):
    """X-Ray takes none that is older than a month; two of one instant are two."""
    begun = Trace.begin(at)
    assert int(begun.root.split("-")[1], 16) == int(at.timestamp())
    assert Trace.parse(begun.header) == begun
    assert Trace.begin(at).root != begun.root


async def test_the_current_trace_follows_the_work():
    """It is there inside the `with` and in the tasks begun there, and in no other task."""

    async def seen():
        await asyncio.sleep(0)
        return current_trace.get()

    before = asyncio.ensure_future(seen())
    one, other = Trace(ROOT), Trace.begin(datetime(2026, 1, 12, tzinfo=UTC))
    with use_trace(one) as current:
        started = asyncio.create_task(seen())
        with use_trace(other):
            assert current_trace.get() is other
        with use_trace(None):
            assert current_trace.get() is None
        assert current is current_trace.get() is one

    assert [await before, await started, await seen()] == [None, one, None]


def test_the_current_trace_ends_with_a_failure():
    """The next piece of work has another one, or none."""
    with pytest.raises(ValueError, match="bug"), use_trace(Trace(ROOT)):
        raise ValueError("bug")
    assert current_trace.get() is None
