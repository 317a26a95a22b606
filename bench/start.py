"""Measures the first event of ingress and authorizer, beside a bare handler that imports boto3 and makes a client.

Every measurement is a process of its own, with the package and the libraries of Lambda's runtime alone: the CPU time of
the whole process, from its start to the answer. The programs take turns, so that whatever else runs on the machine
slows all of them down alike. The certificates for TLS are loaded too, although the emulator speaks HTTP.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import boto3
import botocore
import dateutil
import jmespath
import s3transfer
import six
import urllib3

from infra.bytecode import NO_PYTHON, Interpreter, find_lambda_interpreter
from infra.dependencies import Platform
from infra.local.emulator import start_emulator, wait_for_emulator
from infra.local.environment import build_clean_environment, build_emulator_environment
from infra.local.interrupts import Interrupts
from infra.local.ports import HOST, find_free_port
from infra.local.processes import Children
from infra.package import PACKAGES, build_package
from shared.tenants.edge_profile import FILE, compile_edge_profile
from shared.tenants.parse import parse_profile

EPILOG = """\
examples:
  make bench-start                         seven rounds
  make bench-start ARGS="--rounds 21"      more, on a busy machine
  make bench-start ARGS="--import shared.log --import pydantic"    what importing a module costs, too
"""

RUNTIME = (boto3, botocore, s3transfer, jmespath, dateutil, urllib3, six)
"""The packages that Lambda's Python runtime includes."""

BARE = """
import boto3
client = boto3.client("dynamodb", region_name="eu-central-1")
def handler(event, context):
    return {"statusCode": 200}
answer = handler({}, None)
"""
HANDLER = """
from api_gateway_ws.lambda_function import {name}
answer = {name}({event}, None)
assert {expected!r} in repr(answer), answer
from api_gateway_ws.adapters.http_connection import build_tls_context
build_tls_context()  # on AWS the first call needs it; the emulator speaks HTTP
"""
BUCKET, SECRET = "knowledge", "session-key"
PROFILE = """\
name: Salon
time_zone: Europe/Warsaw
calendar_id: calendar
allowed_origins: ["https://salon.example"]
services: [{id: massage, name: {en: Massage}, duration_minutes: 60}]
opening_hours: {monday: ["09:00-17:00"]}
"""
GRANT = {"tenant": "salon", "session_id": "s1", "resume": "new", "locale": "en"}
CONNECT = {"requestContext": {"eventType": "CONNECT", "connectionId": "c1", "authorizer": GRANT, "identity": {}}}
REQUEST = {
    "methodArn": "arn",
    "headers": {"Origin": "https://salon.example"},
    "queryStringParameters": {"tenant": "salon"},
}


@dataclass(frozen=True)
class Program:
    """What one process runs, and the environment beside that of the emulator."""

    name: str
    source: str
    variables: Mapping[str, str]


def list_programs(modules: Sequence[str]) -> list[Program]:
    """Return the bare handler first."""
    edge = {"KNOWLEDGE_BUCKET": BUCKET, "SESSION_KEY_SECRET_ID": SECRET, "WEBSOCKET_ENDPOINT": "http://127.0.0.1"}
    names = ("CONNECTIONS_TABLE", "CONVERSATIONS_TABLE", "PROCESSED_TABLE", "CHAT_QUEUE_URL", "BOOKING_QUEUE_URL")
    edge |= dict.fromkeys(names, "connections")
    authorizer = HANDLER.format(name="authorizer", event=REQUEST, expected="Allow")
    ingress = HANDLER.format(name="handler", event=CONNECT, expected="200")
    return [
        Program("bare handler with boto3 and a client", BARE, {}),
        Program("authorizer, first $connect", authorizer, edge | {"_HANDLER": "lambda_function.authorizer"}),
        Program("ingress, first $connect", ingress, edge | {"_HANDLER": "lambda_function.handler"}),
        Program("python alone", "", {}),
        *(Program(f"import {module}", f"import {module}", {}) for module in modules),
    ]


@contextmanager
def run_emulator(folder: Path) -> Iterator[dict[str, str]]:
    """Yield the environment of an emulator with the tenant, the key and the table of the events."""
    port = find_free_port()
    url = f"http://{HOST}:{port}"
    children = Children(folder / "logs", Interrupts())
    environment = build_emulator_environment(url)
    try:
        child = start_emulator(children, port=port, scratch=folder / "tmp", environment=build_clean_environment())
        wait_for_emulator(child, port)

        def client(service: str) -> Any:
            keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
            return boto3.client(service, region_name="eu-central-1", endpoint_url=url, **keys)

        s3 = client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        etag = s3.put_object(Bucket=BUCKET, Key="salon/profile.yaml", Body=PROFILE.encode())["ETag"]
        compiled = compile_edge_profile(parse_profile(PROFILE), source_etag=etag)
        s3.put_object(Bucket=BUCKET, Key=f"salon/{FILE}", Body=compiled.encode())
        client("secretsmanager").create_secret(Name=SECRET, SecretString="k" * 64)
        client("dynamodb").create_table(
            TableName="connections",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("session_id", "connection_id")
            ],
            KeySchema=[
                {"AttributeName": "session_id", "KeyType": "HASH"},
                {"AttributeName": "connection_id", "KeyType": "RANGE"},
            ],
        )
        yield environment
    finally:
        children.stop_all()


def unpack(folder: Path, interpreter: Interpreter) -> list[str]:
    """Unpack the package, and link the runtime's libraries with bytecode of its Python; return both folders."""
    package, runtime = folder / "package", folder / "runtime"
    with zipfile.ZipFile(build_package(PACKAGES[0], folder, Platform.AWS_X86)) as archive:
        archive.extractall(package)
    for module in RUNTIME:
        path = Path(str(module.__file__))
        path = path.parent if path.name == "__init__.py" else path
        command = ["cp", "-r", str(path), str(runtime / path.name)]
        runtime.mkdir(exist_ok=True)
        subprocess.run(command, check=True)
    interpreter.compile_folder(runtime)
    return [str(package), str(runtime)]


def measure(interpreter: Interpreter, program: Program, folders: list[str], environment: Mapping[str, str]) -> float:
    """Return the CPU milliseconds of one process."""
    source = f"import sys\nsys.path[:0] = {folders!r}\n{program.source}"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [interpreter.executable, "-I", "-S", "-B", "-c", source]
    subprocess.run(command, check=True, env={**environment, **program.variables}, stdout=subprocess.DEVNULL, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1000


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        prog="make bench-start",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=7, help="how often each program runs (default: 7)")
    parser.add_argument("--import", dest="modules", action="append", default=[], metavar="MODULE")
    options = parser.parse_args(argv)
    interpreter = find_lambda_interpreter()
    if interpreter is None:
        sys.exit(NO_PYTHON)
    programs = list_programs(options.modules)
    with tempfile.TemporaryDirectory() as scratch:
        folders = unpack(Path(scratch), interpreter)
        with run_emulator(Path(scratch)) as environment:
            for program in programs:  # the files are in the page cache from now on
                measure(interpreter, program, folders, environment)
            rounds = [
                [measure(interpreter, one, folders, environment) for one in programs] for _ in range(options.rounds)
            ]
    print(f"{'':44}   CPU ms   times the bare handler")
    for number, program in enumerate(programs):
        milliseconds = median(each[number] for each in rounds)
        ratio = median(each[number] / each[0] for each in rounds)
        print(f"{program.name:44} {milliseconds:8.0f}   {ratio:.2f}")
    for package in PACKAGES:
        with (
            tempfile.TemporaryDirectory() as out,
            zipfile.ZipFile(build_package(package, Path(out), Platform.AWS)) as archive,
        ):
            size = sum(entry.file_size for entry in archive.infolist())
            packed = sum(entry.compress_size for entry in archive.infolist())
        print(f"{f'package {package.name}':44} {size / 1e6:8.1f} MB unpacked, {packed / 1e6:.1f} MB packed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
