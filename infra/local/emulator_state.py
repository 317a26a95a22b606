"""Lets the emulator's data survive its end: MiniStack writes them only when it stops in order.

Here they are written to one file at most half a second after a change, too, so that a killed emulator goes on where it
was, apart from what happened in that half second. Objects of buckets and the code of functions are files of their own,
which MiniStack writes at once.
"""

import asyncio
import contextlib
import copy
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import persistence
from ministack.services import ses

from infra.local.call_recorder import Application, Receive, Scope, Send
from infra.local.kept_state import BEGIN_ANEW, KeptStateError, read_state, write_state

SAVE_SECONDS = 0.5
_BUSY_SHARE = 0.05
"""Saving takes at most this share of the time, however much there is to save."""
_ATTEMPTS = 20

KEPT_SERVICES = {
    # Messages before rows: a message that is processed meanwhile comes again, which does no harm. In the other order it
    # could be deleted, and what it changed unknown.
    "SQS": ("sqs",),
    "ApiGatewayV2": ("apigateway",),
    "CloudFormation": ("cloudformation",),
    "CloudWatch": ("cloudwatch",),
    "Cognito": ("cognito",),
    "DynamoDB": ("dynamodb",),
    "Events": ("eventbridge",),
    "IAM": ("iam",),
    "Lambda": ("lambda",),
    "Logs": ("cloudwatch_logs",),
    "S3": ("s3",),
    "SES": ("ses", "ses_v2"),
    "SNS": ("sns",),
    "Scheduler": ("scheduler",),
    "SecretsManager": ("secretsmanager",),
}
"""The services of the template, and MiniStack's names of their data, in the order in which they are copied.

MiniStack has seventy more; loading their modules would take half a second of each start.
"""

_SENT_EMAILS = "sent_emails"
_READS = re.compile(
    r"\.(Get|BatchGet|TransactGet|Describe|List|Query|Scan|Receive|ChangeMessageVisibility|Head|GenerateData)"
)


class EmulatorState:
    """The emulator's data in a file, for an emulator that serves at `address` (host and port)."""

    def __init__(self, path: Path, address: str) -> None:
        self._path = path
        self._address = address
        self._changed = threading.Event()
        self._is_saving = threading.Lock()
        self._failed = False

    def restore(self) -> None:
        """Load what was kept, and begin to save. The emulator calls it once, when it starts, on its loop.

        An emulator with a part of its data would do harm, so it ends instead, with the reason.
        """
        try:
            self._load()
        except KeptStateError as error:
            print(error, file=sys.stderr, flush=True)
            os._exit(1)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the data, they can't be used
            print(f"{self._path} can't be restored ({error!r}); {BEGIN_ANEW}", file=sys.stderr, flush=True)
            os._exit(1)
        threading.Thread(target=self._save_again_and_again, daemon=True).start()
        # Instead of waiting for open connections.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._save_and_end)

    def watch_calls(self, application: Application) -> Application:
        """Return the application with a note of each call that may have changed something."""

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await application(scope, receive, send)
            finally:
                if scope["type"] == "http" and _may_change(scope):
                    self._changed.set()

        return serve

    def save(self) -> None:
        """Write all data; raise `OSError` if they can't be written."""
        with self._is_saving:
            states = app._build_persistence_save_dict()  # noqa: SLF001
            names = [name for names in KEPT_SERVICES.values() for name in names if name in states]
            services = {name: _copy_state(states[name]) for name in names}
            services[_SENT_EMAILS] = _copy_state(lambda: copy.deepcopy(ses._sent_emails))  # noqa: SLF001
            content = {"ministack": version("ministack"), "address": self._address, "services": services}
            write_state(self._path, content, encode=persistence._json_default)  # noqa: SLF001

    def _load(self) -> None:
        content = read_state(self._path, decode=persistence._json_object_hook, adapt=self._adapt_address)  # noqa: SLF001
        if content is None:
            return
        if _parse_version(content["ministack"]) > _parse_version(version("ministack")):
            raise KeptStateError(f"{self._path} was written by a newer emulator; {BEGIN_ANEW}")
        services: dict[str, Any] = content["services"]
        ses._sent_emails.update(services.pop(_SENT_EMAILS, {}))  # noqa: SLF001
        for name, state in services.items():
            module = app._state_map.get(name)  # noqa: SLF001
            if state and module:
                app._get_module(module).load_persisted_state(state)  # noqa: SLF001

    def _adapt_address(self, text: str) -> str:
        """Return the kept text with the address at which the emulator serves now: queue URLs contain it."""
        found = re.search(r'"address": "([0-9.]+:[0-9]+)"', text)
        return text.replace(f"http://{found[1]}/", f"http://{self._address}/") if found else text

    def _save_again_and_again(self) -> None:
        while True:
            self._changed.wait()
            self._changed.clear()
            started = time.monotonic()
            self._try_to_save()
            time.sleep(max(SAVE_SECONDS, (time.monotonic() - started) / _BUSY_SHARE))

    def _try_to_save(self) -> bool:
        try:
            self.save()
        except Exception as error:  # noqa: BLE001 - the next save may work, and the emulator serves anyway
            if not self._failed:
                print(f"the data can't be kept: {error!r}", file=sys.stderr, flush=True)
            self._failed = True
        else:
            self._failed = False
        return not self._failed

    def _save_and_end(self) -> None:
        os._exit(0 if self._try_to_save() else 1)


def _copy_state(get_state: Callable[[], Any]) -> Any:
    """Return a copy of a service's data, which other threads change meanwhile."""
    for _ in range(_ATTEMPTS):
        # A dictionary may change its size while it is copied.
        with contextlib.suppress(RuntimeError):
            return get_state()
    return get_state()


def _parse_version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))


def _may_change(scope: Mapping[str, Any]) -> bool:
    if scope["method"] in {"GET", "HEAD"}:
        return False
    target = next((value.decode() for name, value in scope["headers"] if name == b"x-amz-target"), "")
    return not _READS.search(target)
