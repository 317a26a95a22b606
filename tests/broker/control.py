"""The control routes under `/_broker`, for tests and benchmarks: fill queues, read counters, set faults."""

import gc
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.broker.attributes import MessageAttributes
from tests.broker.counts import Counts
from tests.broker.errors import SqsError
from tests.broker.faults import Faults, Rule
from tests.broker.message import Message, render_parts
from tests.broker.service import Service

Json = dict[str, Any]


class Control:
    """Handlers of the control routes; they need no signature and are not affected by faults."""

    def __init__(self, service: Service, faults: Faults, counts: Counts) -> None:
        self._service = service
        self._faults = faults
        self._counts = counts
        self._routes: Mapping[tuple[bytes, str], Callable[[Any], Json]] = {
            (b"GET", "/_broker/stats"): self._stats,
            (b"POST", "/_broker/stats/reset"): self._reset,
            (b"POST", "/_broker/fill"): self._fill,
            (b"GET", "/_broker/faults"): self._show_faults,
            (b"POST", "/_broker/faults"): self._set_faults,
            (b"DELETE", "/_broker/faults"): self._clear_faults,
        }

    def answer(self, method: bytes, path: str, body: bytes) -> tuple[int, bytes]:
        """Return status and body."""
        route = self._routes.get((method, path))
        if route is None:
            known = sorted(f"{known.decode()} {route}" for known, route in self._routes)
            return 404, json.dumps({"error": "no such path", "known": known}).encode()
        try:
            return 200, json.dumps(route(json.loads(body or b"{}"))).encode()
        except SqsError as error:
            return 400, json.dumps({"error": error.message}).encode()
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return 400, json.dumps({"error": f"{type(error).__name__}: {error}"}).encode()

    def _stats(self, _order: Any) -> Json:
        queues = {}
        for name in self._service.queues.names():
            queue = self._service.queues[name]
            queue.expire()
            queues[name] = {"visible": queue.visible, "in_flight": queue.in_flight, "delayed": queue.delayed}
        return {**self._counts.report(), "queues": queues}

    def _reset(self, _order: Any) -> Json:
        self._counts.reset()
        return {}

    def _show_faults(self, _order: Any) -> Json:
        rules = [{name: getattr(rule, name) for name in Rule.__slots__} for rule in self._faults.rules]
        return {"rules": rules, "struck": dict(self._counts.faults)}

    def _set_faults(self, order: Sequence[Mapping[str, Any]]) -> Json:
        self._faults.rules = [Rule.parse(one) for one in order]
        return self._show_faults(None)

    def _clear_faults(self, _order: Any) -> Json:
        self._faults.rules = []
        return {}

    def _fill(self, order: Json) -> Json:
        """Add `count` messages to a queue.

        `body`, or each of `bodies` in turn, with `{n}` for the message's number and `{g}` for its group's; `groups`
        says how many message groups there are, and `attributes` are message attributes, the same for all.
        """
        queue = self._service.queues.find(order["queue"])
        templates = order.get("bodies") or [order["body"]]
        pairs = [(template, json.dumps(template)) for template in templates]
        first = int(order.get("first", 0))
        count = int(order.get("count", len(templates)))
        groups = [f"group-{number}" for number in range(int(order.get("groups", 1000 if queue.settings.fifo else 0)))]
        attributes = MessageAttributes.of(order.get("attributes"))
        sent_ms = time.time_ns() // 1_000_000
        for number in range(first, first + count):
            here = str(number % len(groups)) if groups else ""
            body, body_json = (
                text.replace("{n}", str(number)).replace("{g}", here) for text in pairs[number % len(pairs)]
            )
            queue.put(
                Message(
                    render_parts(body, body_json),
                    sent_ms=sent_ms,
                    group=groups[number % len(groups)] if groups else None,
                    deduplication_id=f"fill-{number}" if queue.settings.fifo else None,
                    attributes=attributes,
                )
            )
        self._counts.sent += count
        self._service.receives.serve(queue)
        # These messages are kept for a while, and are in no reference cycles.
        gc.freeze()
        return {"queue": queue.url, "count": count}
