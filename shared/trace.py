"""The thread from a visitor's frame through the queues to the reply: AWS X-Ray's trace header.

https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from shared.ids import new_id

MAX_HEADER_CHARACTERS = 256
_ROOT = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
_PARENT = re.compile(r"[0-9a-f]{16}")
_LINEAGE = re.compile(r"[0-9a-f:|]{1,128}")
_SAMPLED = {"0": False, "1": True}


@dataclass(frozen=True, slots=True)
class Trace:
    """Which story a step belongs to (`root`), and which step caused it (`parent`)."""

    root: str
    parent: str | None = None
    sampled: bool | None = None
    """Whether X-Ray records the trace; None where nobody has decided."""

    lineage: str | None = None
    """Lambda's count of the functions on the way: it stops functions that call each other in circles
    (https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html)."""

    @classmethod
    def parse(cls, header: str | None) -> Self | None:
        """Return the trace that a header names, or None without a root; a field that is no good is left out.

        Whatever the text was, the header made of the result is well-formed.
        """
        if not header or len(header) > MAX_HEADER_CHARACTERS:
            return None
        fields = dict(field.strip().partition("=")[::2] for field in header.split(";"))
        root = _matching(_ROOT, fields.get("Root"))
        if root is None:
            return None
        return cls(
            root=root,
            parent=_matching(_PARENT, fields.get("Parent")),
            sampled=_SAMPLED.get(fields.get("Sampled", "")),
            lineage=_matching(_LINEAGE, fields.get("Lineage")),
        )

    @classmethod
    def begin(cls, at: datetime) -> Self:
        """Return a trace of its own, which began at this instant.

        It has a parent, though nobody recorded one: some readers take no header without.
        """
        return cls(root=f"1-{int(at.timestamp()):08x}-{new_id()[:24]}", parent=_new_parent())

    def child(self) -> Self:
        """Return what the next step gets: the same trace, caused by a step of ours."""
        return replace(self, parent=_new_parent())

    @property
    def header(self) -> str:
        """Return the text for `X-Amzn-Trace-Id` and `AWSTraceHeader`."""
        text = f"Root={self.root}"
        if self.parent is not None:
            text += f";Parent={self.parent}"
        if self.sampled is not None:
            text += f";Sampled={self.sampled:d}"
        if self.lineage is not None:
            text += f";Lineage={self.lineage}"
        return text


current_trace: ContextVar[Trace | None] = ContextVar("current_trace", default=None)
"""The trace of what this task works on; tasks that it starts have it too."""


@contextmanager
def tracing(trace: Trace | None) -> Iterator[Trace | None]:
    """Make it the current trace for the time of the `with`; None stands for work that has no trace."""
    token = current_trace.set(trace)
    try:
        yield trace
    finally:
        current_trace.reset(token)


def _matching(pattern: re.Pattern[str], text: str | None) -> str | None:
    return text if text is not None and pattern.fullmatch(text) else None


def _new_parent() -> str:
    return new_id()[:16]
