"""Runs the whole system on this machine until Ctrl-C: `python -m infra.local.up`, or `make up`."""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from infra.dependencies import InstallError
from infra.deployment.errors import DeployError
from infra.local.bedrock_access import NoCredentialsFoundError
from infra.local.child import ChildError
from infra.local.folder import ROOT, Folder, lock_folder
from infra.local.interrupts import Interrupts
from infra.local.kept_state import KeptStateError
from infra.local.stack import POOLS, Options, Stack, open_local_stack
from infra.local.supervisor import Supervisor
from shared.errors import ConfigurationError

_WATCH_SECONDS = 0.2
_EXPECTED_ERRORS = (
    BotoCoreError,
    ChildError,
    ClientError,
    ConfigurationError,
    DeployError,
    InstallError,
    KeptStateError,
    OSError,
)

EPILOG = """\
examples:
  make up                          the page on port 8080, answers from the offline stand-in
  make up PORT=9000                the page on another port; a free one if that is in use
  make up BEDROCK=aws              answers from Claude, with your AWS credentials; everything else stays here
  make up FRESH=1                  without the data of earlier runs; these stay otherwise
  python -m infra.local.up --pool chat --pool booking      without the notifications pool

While it runs, .stride/stack.json has the address of every part, and .stride/logs the output of every process.
A process that ends is started again. The data are in .stride/state.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Return 0 after a requested stop, 1 after a failure."""
    options = _parse_arguments(argv)
    interrupts = Interrupts()
    with interrupts.catch_signals():
        try:
            return _run(options, interrupts)
        except KeyboardInterrupt:
            print("Stopped.")
            return 0
        except NoCredentialsFoundError as error:
            print(error, file=sys.stderr)
        except _EXPECTED_ERRORS as error:
            print(f"\nThe stack failed: {error}", file=sys.stderr)
        return 1


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.up",
        description="Run the emulator, the stand-ins, the worker pools and a demo page on this machine.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=8080, help="port of the page (default: 8080)")
    parser.add_argument("--desk-port", type=int, default=8090, help="port of the desk (default: 8090)")
    parser.add_argument("--aws-port", type=int, default=4566, help="port of the emulator (default: 4566)")
    parser.add_argument(
        "--bedrock",
        choices=("stand-in", "aws"),
        default=os.environ.get("BEDROCK") or "stand-in",
        help="the model that answers (default: the variable BEDROCK, or the stand-in)",
    )
    parser.add_argument(
        "--workers", choices=("pools", "lambda"), default="pools", help="what runs the workers (default: pools)"
    )
    parser.add_argument(
        "--pool", action="append", choices=POOLS, help="start this pool alone; may be given several times"
    )
    parser.add_argument(
        "--folder", type=Path, default=ROOT, help="folder of stack.json and the logs (default: .stride in the checkout)"
    )
    parser.add_argument("--fresh", action="store_true", help="begin without the data of earlier runs")
    options = parser.parse_args(argv)
    for port in (options.port, options.desk_port, options.aws_port):
        if not 0 <= port <= 65535:
            parser.error(f"a port is a number from 0 to 65535, not {port}")
    if options.bedrock not in {"stand-in", "aws"}:
        parser.error(f'BEDROCK is "stand-in" or "aws", not {options.bedrock!r}')
    return options


def _run(arguments: argparse.Namespace, interrupts: Interrupts) -> int:
    started = time.monotonic()
    with lock_folder(arguments.folder) as folder:
        for page in folder.neighbours:
            files = _format_path(folder.path)
            print(f"A stack of this checkout runs already ({page}); this one keeps its files in {files}.")
        options = Options(
            folder=folder.path,
            site_port=arguments.port,
            emulator_port=arguments.aws_port,
            bedrock=arguments.bedrock,
            desk_port=arguments.desk_port,
            workers=arguments.workers,
            pools=tuple(arguments.pool or POOLS),
            keep=True,
            fresh=arguments.fresh,
        )
        try:
            with open_local_stack(options, interrupts=interrupts, step=_print_step) as stack, _announce_stop():
                supervisor = _build_supervisor(stack, folder)
                folder.write_description(stack.describe())
                _print_greeting(stack, arguments, time.monotonic() - started)
                _watch_processes(supervisor)
        finally:
            folder.description.unlink(missing_ok=True)
    return 0


@contextmanager
def _print_step(title: str) -> Iterator[None]:
    print(f"  {title} ... ", end="", flush=True)
    started = time.monotonic()
    try:
        with _announce_stop():
            yield
    except KeyboardInterrupt:
        raise
    except BaseException:
        print()
        raise
    print(f"{time.monotonic() - started:.1f} s")


@contextmanager
def _announce_stop() -> Iterator[None]:
    """Print at once that the stack is stopping: workers need seconds to finish their messages."""
    try:
        yield
    except KeyboardInterrupt:
        print("\nStopping ...", flush=True)
        raise


def _print_greeting(stack: Stack, arguments: argparse.Namespace, seconds: float) -> None:
    port_notice = (
        ""
        if not arguments.port or urlsplit(stack.site_url).port == arguments.port
        else (f" (port {arguments.port} is in use)")
    )
    answers = "Claude on Bedrock, with your credentials" if stack.options.bedrock == "aws" else "the offline stand-in"
    print(
        f"\nReady after {seconds:.1f} s.\n\n"
        f"  Page     {stack.site_url}{port_notice}\n"
        f"  Inbox    {stack.site_url}/inbox.html\n"
        f"{_describe_desk(stack)}"
        f"  Answers  {answers}\n"
        f"  Logs     {_format_path(stack.options.folder / 'logs')}\n\n"
        "Ctrl-C stops everything.",
        flush=True,
    )


def _describe_desk(stack: Stack) -> str:
    """Return the address of the desk, which contains the token, so that only a name is entered."""
    return "".join(f"  Desk     {desk.sign_in_url}\n           (token {desk.token})\n" for desk in stack.desk)


def _build_supervisor(stack: Stack, folder: Folder) -> Supervisor:
    def update_description() -> None:
        try:
            folder.write_description({**stack.describe(), "down": supervisor.down})
        except OSError as error:
            _report(f"{_format_path(folder.description)} can't be updated: {error}")

    supervisor = Supervisor(
        stack.children, is_ready=stack.check_ready, report=_report, update_description=update_description
    )
    return supervisor


def _report(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def _watch_processes(supervisor: Supervisor) -> None:
    """Start processes again that end, until KeyboardInterrupt."""
    while True:
        supervisor.check()
        time.sleep(_WATCH_SECONDS)


def _format_path(path: Path) -> str:
    return os.path.relpath(path)


if __name__ == "__main__":
    sys.exit(main())
