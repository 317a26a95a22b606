"""Traces from a visitor's frame through the queues to the reply, as AWS X-Ray's trace header.

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
    """The trace that a step belongs to (`root`), and the step that caused it (`parent`)."""

    root: str
    parent: str | None = None
    sampled: bool | None = None
    """Whether X-Ray records the trace; None where it is not decided."""

    lineage: str | None = None
    """Lambda's count of the functions on the way: it stops functions that call each other in circles
    (https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html)."""

    @classmethod
    def parse(cls, header: str | None) -> Self | None:
        """Return the trace that a header names, or None without a root; an invalid field is left out.

        The header of the result is always well-formed.
        """
        if not header or len(header) > MAX_HEADER_CHARACTERS:
            return None
        fields = dict(field.strip().partition("=")[::2] for field in header.split(";"))
        root = _match_pattern(_ROOT, fields.get("Root"))
        if root is None:
            return None
        return cls(
            root=root,
            parent=_match_pattern(_PARENT, fields.get("Parent")),
            sampled=_SAMPLED.get(fields.get("Sampled", "")),
            lineage=_match_pattern(_LINEAGE, fields.get("Lineage")),
        )

    @classmethod
    def begin(cls, at: datetime) -> Self:
        """Return a new trace that began at this instant.

        It has a parent that no system recorded, because some readers refuse a header without one.
        """
        return cls(root=f"1-{int(at.timestamp()):08x}-{new_id()[:24]}", parent=_new_parent())

    def begin_step(self) -> Self:
        """Return the trace for the next step, with a new parent."""
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
"""The trace of the current task and of the tasks that it starts."""


@contextmanager
def use_trace(trace: Trace | None) -> Iterator[Trace | None]:
    """Make it the current trace inside the `with`; None means that there is no trace."""
    token = current_trace.set(trace)
    try:
        yield trace
    finally:
        current_trace.reset(token)


def _match_pattern(pattern: re.Pattern[str], text: str | None) -> str | None:
    return text if text is not None and pattern.fullmatch(text) else None


def _new_parent() -> str:
    return new_id()[:16]
