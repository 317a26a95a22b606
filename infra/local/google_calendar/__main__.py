"""Runs the stand-in for Google Calendar on this machine: `python -m infra.local.google_calendar`."""

import argparse
import asyncio
import errno
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from infra.local.google_calendar.auth import TOKEN_LIFETIME_SECONDS
from infra.local.google_calendar.keeping import KeptCalendars
from infra.local.google_calendar.keys import AccountKey, read_account_key
from infra.local.google_calendar.server import HOST, build_api_endpoint, open_server
from infra.local.google_calendar.standin import Standin
from infra.local.kept_state import KeptStateError

LAST_PORT = 65535
EPILOG = """\
Once it listens it prints one line, "ready <api endpoint>", with the address to give to the client library
as api_endpoint. The token_uri of a service account's file must be http://127.0.0.1:PORT/token.
Events live in memory and end with the process, except with --keep. Faults are ordered with
POST /_standin/faults, for example {"kind": "rate_limit", "times": 2, "path": "events"}.
"""


def parse_arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.google_calendar",
        description="Serve a stand-in for the Google Calendar API, version 3, on 127.0.0.1.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--port",
        type=_parse_port,
        default=0,
        help="port to listen on; 0 takes a free one (default)",
    )
    parser.add_argument(
        "--calendar",
        action="append",
        default=[],
        metavar="ID",
        help="create this calendar at the start; may be given several times",
    )
    parser.add_argument(
        "--time-zone",
        type=_parse_zone_name,
        default="UTC",
        metavar="ZONE",
        help="IANA zone of the calendars, for example Europe/Warsaw (default: UTC)",
    )
    parser.add_argument(
        "--service-account",
        action="append",
        default=[],
        type=_read_account_key,
        metavar="FILE",
        help="key file of a service account that may call; may be given several times",
    )
    parser.add_argument(
        "--token-lifetime",
        type=int,
        default=TOKEN_LIFETIME_SECONDS,
        metavar="SECONDS",
        help="lifetime of an access token (default: %(default)s)",
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FILE",
        help="keep calendars and events in this file, and begin with what it has",
    )
    return parser.parse_args(argv)


async def serve(options: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    standin = Standin(
        keys=options.service_account,
        calendars=options.calendar,
        time_zone=options.time_zone,
        token_lifetime_seconds=options.token_lifetime,
    )
    middlewares = []
    if options.keep:
        kept = KeptCalendars(options.keep, standin)
        kept.restore()
        middlewares.append(kept.write_changes)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_server(standin, options.port, middlewares=middlewares) as address:
        print(f"ready {build_api_endpoint(address)}", flush=True)
        await stop.wait()


def main() -> int:
    """Run the server; return the exit code."""
    options = parse_arguments()
    try:
        asyncio.run(serve(options))
    except KeptStateError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        is_in_use = error.errno == errno.EADDRINUSE
        reason = "the port is in use; choose another, or 0 for a free one" if is_in_use else str(error)
        print(f"cannot listen on {HOST}:{options.port}: {reason}", file=sys.stderr)
        return 1
    return 0


def _parse_port(text: str) -> int:
    if not text.isdecimal() or int(text) > LAST_PORT:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to {LAST_PORT}, not {text}")
    return int(text)


def _read_account_key(path: str) -> AccountKey:
    try:
        return read_account_key(Path(path))
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{path}: {error}") from error


def _parse_zone_name(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError) as error:
        raise argparse.ArgumentTypeError(f"no such time zone: {name}") from error


if __name__ == "__main__":
    sys.exit(main())
