"""Structured logs: one JSON object a line, static event names, nothing personal."""

import logging
import re
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import structlog
from pydantic_core import to_json

_EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+\.[^\s@<>\"']+")
_PHONE = re.compile(r"(?<![\w.:-])\+\d[\d ().-]{6,}\d")

_fields: ContextVar[dict[str, object] | None] = ContextVar("log_fields", default=None)


@contextmanager
def log_fields(**fields: object) -> Iterator[dict[str, object]]:
    """Put fields on every log line inside the `with`, also those of tasks that it starts.

    Yields the fields, to add more as they become known. A field that is None is left out.
    """
    token = _fields.set(fields)
    try:
        yield fields
    finally:
        _fields.reset(token)


def add_fields(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put what `log_fields` holds on a log line; a field that the line has itself stays."""
    if fields := _fields.get():
        for name, value in fields.items():
            event.setdefault(name, value)
    return event


def mask_personal_data(text: str) -> str:
    """Return the text without e-mail addresses and international phone numbers."""
    return _PHONE.sub("[phone]", _EMAIL.sub("[email]", text))


def _mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask what slipped into a log line anyway, an exception's text above all."""
    for key, value in event.items():
        # Without one of these characters there is nothing to find, and most values have neither.
        if isinstance(value, str) and ("@" in value or "+" in value):
            event[key] = mask_personal_data(value)
    return event


def _render(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    """Return the line: fields that are None are left out, and what is no JSON is said by its `repr`."""
    return to_json({name: value for name, value in event.items() if value is not None}, fallback=repr).decode()


def configure_logging(*, level: str = "INFO", component: str) -> None:
    """Send every log line as JSON to standard output, with the component's name."""
    logging.basicConfig(stream=sys.stdout, level=logging.WARNING, format="%(message)s", force=True)
    structlog.configure(
        processors=[
            add_fields,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _mask,
            _component(component),
            _render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.WriteLoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _component(name: str) -> structlog.typing.Processor:
    def add(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["component"] = name
        return event

    return add
