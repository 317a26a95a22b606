"""Runs MiniStack with six differences: `python -m infra.local.queueing_emulator`.

With the variable EMULATOR_STATE its data are kept in that file (`infra/local/emulator_state.py`).

It counts calls on request (`infra/local/call_recorder.py`), and answers long polls at once
(`infra/local/long_polls.py`). With the variable UNPACKED_PACKAGES it unpacks the packages of functions once, to that
folder (`infra/local/unpacked_packages.py`).

It checks the grammar of a condition once: MiniStack does so again for every item that a query reads, which takes a
sixth of its processor time.

And it queues invocations of authorizers. For each invocation that finds no idle process of its function, MiniStack
starts another one, at more than a second of processor time. Twenty visitors who connect at once would start twenty
authorizers and wait half a minute on a small machine. Here an authorizer's second invocation waits for the first,
which takes milliseconds. The other functions are unchanged.
"""

import functools
import gc
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core.lambda_runtime import Worker
from ministack.services import dynamodb, lambda_svc

from infra.local.call_recorder import CallRecorder
from infra.local.emulator_state import EmulatorState
from infra.local.long_polls import LongPolls, answer_long_polls_at_once
from infra.local.unpacked_packages import UnpackedPackages, unpack_once

TIMEOUT_SECONDS = 25.0
_POLL_SECONDS = 0.002

Acquire = Callable[..., tuple[Any, str]]
Invoke = Callable[..., dict[str, Any]]


def queue_authorizers(acquire: Acquire) -> Acquire:
    """Return an `acquire_worker` with which an authorizer has one process, and its invocations wait in turn."""

    def acquire_worker(name: str, *arguments: Any, **options: Any) -> tuple[Any, str]:
        if not name.endswith("-authorizer"):
            return acquire(name, *arguments, **options)
        end = time.monotonic() + TIMEOUT_SECONDS
        while True:
            worker, reason = acquire(name, *arguments, **{**options, "max_concurrency": 1})
            if worker is not None or time.monotonic() > end:
                return worker, reason
            time.sleep(_POLL_SECONDS)

    return acquire_worker


def record_invocations(recorder: CallRecorder, invoke: Invoke) -> Invoke:
    """Return an `invoke` of the emulator's functions that is recorded."""

    def invoke_and_record(worker: Worker, *arguments: Any, **options: Any) -> dict[str, Any]:
        with recorder.record_invocation(worker.func_name) as record_log:
            result = invoke(worker, *arguments, **options)
            record_log(result.get("log") or "")
            return result

    return invoke_and_record


def keep_state(path: Path) -> None:
    """Restore what the file has when the emulator starts, and write it again after each change."""
    state = EmulatorState(path, f"{os.environ['MINISTACK_HOST']}:{os.environ['GATEWAY_PORT']}")
    app.app = state.watch_calls(app.app)
    app.PERSIST_STATE, app._load_persisted_state = True, state.restore  # noqa: SLF001
    app.save_all = lambda _states: state.save()


def run_emulator() -> None:
    """Serve with these differences, until the process is stopped."""
    if kept := os.environ.get("EMULATOR_STATE"):
        keep_state(Path(kept))
    if unpacked := os.environ.get("UNPACKED_PACKAGES"):
        unpack_once(UnpackedPackages(Path(unpacked)))
    recorder = app.app = CallRecorder(app.app)
    app.SERVICE_HANDLERS["dynamodb"] = recorder.ask_for_capacity(app.SERVICE_HANDLERS["dynamodb"])
    Worker.invoke = record_invocations(recorder, Worker.invoke)
    # It reads nothing but its arguments, and an expression has no values in it: so a few dozen come again and again.
    dynamodb._condition_syntax_error = functools.lru_cache(1000)(  # noqa: SLF001
        dynamodb._condition_syntax_error  # noqa: SLF001
    )
    lambda_svc.acquire_worker = queue_authorizers(lambda_svc.acquire_worker)
    answer_long_polls_at_once(LongPolls())
    # Its modules stay for as long as it runs: looking through them for garbage took 7 % of its time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    app.main()


if __name__ == "__main__":
    run_emulator()
