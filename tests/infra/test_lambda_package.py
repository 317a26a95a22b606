"""The packages for AWS: bytecode of the runtime, binaries for its processor, functions that answer."""

import json
import os
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from infra.bytecode import LAMBDA_PYTHON, TASK_ROOT, find_lambda_interpreter
from infra.dependencies import Platform
from infra.local.environment import build_emulator_environment
from infra.package import PACKAGES, build_package
from shared.ids import new_id
from tests.contracts.stores.template import create_queue
from tests.deadlines import DEADLINE_SECONDS
from tests.infra.packages import MEGABYTE, link_runtime, unpack_packages
from tests.infra.resources import FUNCTIONS, QUEUES, TEMPLATE, properties

pytestmark = pytest.mark.package

NEEDS_PYTHON = pytest.mark.skipif(
    find_lambda_interpreter() is None,
    reason=f"needs a Python {LAMBDA_PYTHON}: .venv/bin/uv python install {LAMBDA_PYTHON}",
)
LIMITS = {"ingress": 30 * MEGABYTE, "workers": 110 * MEGABYTE}
"""A cold start loads and unpacks the package; what is in it without need is paid for there."""

MAGIC = {"3.12": b"\xcb\r\r\n"}
"""How bytecode of each version begins (`_PyImport_...` in CPython's `importlib/_bootstrap_external.py`)."""

AARCH64 = 0xB7
"""https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html"""

RUNTIME_GLIBC = 34
"""Amazon Linux 2023, on which `python3.12` runs, has glibc 2.34 (https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html)."""


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """Build the packages for arm64; the dependencies come from the cache of earlier builds."""
    out = tmp_path_factory.mktemp("arm64")
    return {package.name: build_package(package, out, Platform.AWS) for package in PACKAGES}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """Unpack the packages that the same recipe builds for this kind of machine."""
    out = tmp_path_factory.mktemp("x86")
    return unpack_packages({each.name: build_package(each, out, Platform.AWS_X86) for each in PACKAGES}, out)


def test_the_recipe_is_for_the_runtime_of_every_function():
    """Python and processor of the template."""
    assert {properties(name)["Runtime"] for name in FUNCTIONS} == {f"python{LAMBDA_PYTHON}"}
    assert {architecture for name in FUNCTIONS for architecture in properties(name)["Architectures"]} == {"arm64"}
    assert "aarch64-manylinux2014" in Platform.AWS.uv_options


@pytest.mark.parametrize("name", ["ingress", "workers"])
def test_every_binary_is_for_arm64_and_needs_no_newer_c_library(archives, name):
    """A wheel for another processor or a newer system fails at its import, which is after the deployment."""
    binaries = 0
    with zipfile.ZipFile(archives[name]) as archive:
        for entry in archive.namelist():
            content = archive.read(entry) if ".so" in Path(entry).suffixes else b""
            if not content:
                continue
            binaries += 1
            assert content[:4] == b"\x7fELF", entry
            assert int.from_bytes(content[18:20], "little") == AARCH64, entry
            needed = [int(minor) for minor in re.findall(rb"GLIBC_2\.(\d+)", content)]
            assert max(needed, default=0) <= RUNTIME_GLIBC, entry
    assert binaries > 1


@NEEDS_PYTHON
@pytest.mark.parametrize("name", ["ingress", "workers"])
def test_every_module_has_bytecode_that_is_used_without_a_check(archives, name):
    """The file system is read-only and its times are arbitrary: bytecode that is checked would be compiled again."""
    with zipfile.ZipFile(archives[name]) as archive:
        names = set(archive.namelist())
        for source in [each for each in names if each.endswith(".py")]:
            folder, _, file = source.rpartition("/")
            tag = f"cpython-{LAMBDA_PYTHON.replace('.', '')}"
            compiled = f"{folder}/__pycache__/{file[:-3]}.{tag}.pyc".lstrip("/")
            header = archive.read(compiled)[:16]
            assert header[:4] == MAGIC[LAMBDA_PYTHON], source
            # Based on the hash of the source, which is not to be checked (PEP 552).
            assert int.from_bytes(header[4:8], "little") == 0b01, source
        code = archive.read("shared/__pycache__/retention.cpython-312.pyc")
    assert f"{TASK_ROOT}/shared/retention.py".encode() in code


@pytest.mark.parametrize("name", ["ingress", "workers"])
def test_a_package_has_nothing_that_no_function_needs(archives, name):
    """Neither sources of binaries nor libraries of pools; and it stays small."""
    with zipfile.ZipFile(archives[name]) as archive:
        entries = archive.infolist()
    assert sum(entry.file_size for entry in entries) < LIMITS[name]
    assert not {Path(entry.filename).suffix for entry in entries} & {".pyx", ".pxd", ".pxi", ".c", ".h", ".pyi"}
    assert not {entry.filename.split("/")[0].partition("-")[0] for entry in entries} & {"uvloop", "cffi", "pycparser"}


@NEEDS_PYTHON
def test_the_same_sources_give_the_same_bytes(archives, tmp_path):
    """The name of a package in the bucket is its hash: an unchanged one must not be deployed again."""
    assert build_package(PACKAGES[0], tmp_path, Platform.AWS).read_bytes() == archives["ingress"].read_bytes()


def test_without_the_python_of_the_runtime_a_package_is_built_and_the_reason_printed(tmp_path, monkeypatch, capsys):
    """It works on Lambda, with slower cold starts."""
    monkeypatch.setattr("infra.dependencies.find_lambda_interpreter", lambda: None)
    with zipfile.ZipFile(build_package(PACKAGES[0], tmp_path, Platform.AWS)) as archive:
        assert not [name for name in archive.namelist() if name.endswith(".pyc")]
    assert "uv python install 3.12" in capsys.readouterr().err


# --- Every function answers an event --------------------------------------------------------------------------------

ANSWER = """
import importlib, json, os, sys
sys.path[:0] = json.loads(sys.argv[1])
module, _, name = sys.argv[2].rpartition(".")
handler = getattr(importlib.import_module(module), name)
class Context:
    def get_remaining_time_in_millis(self):
        return 120_000
answer = handler(json.loads(sys.argv[3]), Context())
outside = [each for each in map(lambda module: getattr(module, "__file__", None) or "", list(sys.modules.values()))
           if "site-packages" in each]
print(json.dumps([answer, outside]), flush=True)
os._exit(0)  # as Lambda ends a process: nothing is finalised while a thread of the worker may be logging
"""
"""Run by the runtime's Python with two folders and its standard library alone, as in Lambda."""


@pytest.fixture(scope="module")
def runtime(tmp_path_factory):
    return link_runtime(tmp_path_factory.mktemp("runtime"))


@pytest.fixture(scope="module")
def resources(emulator):
    """Create what functions need beside the tables; return the physical ids by the logical ones."""
    secrets, bucket = emulator.client("secretsmanager"), f"knowledge-{new_id()}"
    emulator.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    ids = {"KnowledgeBucket": bucket}
    for name in ("SessionKey", "CodeKey", "FailuresKey"):
        ids[name] = secrets.create_secret(Name=f"{name}-{new_id()}", SecretString="k" * 64)["Name"]
    for name in QUEUES:
        ids[name] = create_queue(emulator.client("sqs"), name, name=f"{name}-{new_id()}")
    return ids


def environment_of(function, ids, endpoint_url):
    """Return the environment that the template gives a function, in the emulator."""
    variables = properties(function)["Environment"]["Variables"]
    defaults = {name: each.get("Default", "") for name, each in TEMPLATE["Parameters"].items()}

    def resolve(value):
        match value:
            case {"Ref": name}:
                return ids.get(name, defaults.get(name, name))
            case {"Fn::GetAtt": [name, _]}:
                return f"arn:aws:sqs:eu-central-1:000000000000:{name}"
            case {"Fn::Sub": _}:
                return endpoint_url
            case {"Fn::If": ["OnAws", _, on_emulator]}:
                return resolve(on_emulator)
            case {"Fn::If": [*_, _]}:
                return None
        return value

    resolved = {name: resolve(value) for name, value in variables.items()}
    return build_emulator_environment(endpoint_url) | {
        name: str(value) for name, value in resolved.items() if value is not None
    }


def sqs_event(url, group):
    attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": "1700000000000", "MessageGroupId": group}
    name = url.rpartition("/")[2]
    return {
        "Records": [
            {
                "messageId": new_id(),
                "receiptHandle": "receipt",
                "body": "no json",
                "attributes": attributes,
                "messageAttributes": {},
                "eventSourceARN": f"arn:aws:sqs:eu-central-1:000000000000:{name}",
            }
        ]
    }


SESSION = {"tenant": "salon-ania", "session_id": "s1", "resume": "new", "locale": "en", "principalId": "s1"}
PACKAGE_OF = {"api_gateway_ws": "ingress", "workers": "workers"}


def event_of(function, ids):
    """Return an event that needs no other data, and the answer to it."""
    match function:
        case "AuthorizerFunction":
            return {"methodArn": "arn", "headers": {}, "queryStringParameters": {"tenant": "nobody"}}, None
        case "IngressFunction":
            request = {"eventType": "DISCONNECT", "connectionId": "c1", "authorizer": SESSION, "identity": {}}
            return {"requestContext": request}, {"statusCode": 200}
        case "FailuresFunction":
            return sqs_event(ids["ChatDeadLetters"], new_id()), {"batchItemFailures": []}
    return sqs_event(ids[function.replace("Function", "Queue")], new_id()), {"batchItemFailures": []}


@NEEDS_PYTHON
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="runs the packages for x86")
@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_every_function_answers_an_event_from_its_package_and_the_runtime_alone(
    function, unpacked, runtime, resources, emulator
):
    """Imports, start and adapters work in the runtime's Python without anything of this checkout."""
    event, expected = event_of(function, resources)
    handler = properties(function)["Handler"]
    folders = [str(unpacked[PACKAGE_OF[handler.partition(".")[0]]]), str(runtime)]
    completed = subprocess.run(
        [
            find_lambda_interpreter().executable,
            "-I",
            "-S",
            "-B",
            "-c",
            ANSWER,
            json.dumps(folders),
            handler,
            json.dumps(event),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_SECONDS,
        cwd=folders[0],
        env=environment_of(function, resources, emulator.endpoint_url),
    )
    assert completed.returncode == 0, completed.stderr
    *logged, last = completed.stdout.splitlines()
    answer, outside = json.loads(last)
    assert not [line for line in logged if "start_failed" in line], completed.stdout
    assert outside == []
    if expected is None:
        assert answer["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    else:
        assert answer == expected, completed.stdout


# --- What the edge loads --------------------------------------------------------------------------------------------

PYDANTIC = {"annotated_types", "pydantic", "pydantic_core", "typing_extensions", "typing_inspection"}
EDGE_LIBRARIES = {"api_gateway_ws", "botocore", "itsdangerous", "shared", "structlog", "urllib3", *PYDANTIC}
"""Extend it only for a reason: a visitor waits for each of them at a cold start. Of botocore only the exceptions."""

LOADED = """
import importlib, json, sys
before = set(sys.modules)
sys.path[:0] = json.loads(sys.argv[1])
for name in sys.argv[2:]:
    importlib.import_module(name)
top_level = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps(sorted(top_level - sys.stdlib_module_names)))
"""


@NEEDS_PYTHON
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="runs the packages for x86")
@pytest.mark.parametrize(
    "modules", [("authorizer_events", "authorizer_wiring"), ("ingress_events", "wiring")], ids=["authorizer", "ingress"]
)
def test_the_edge_loads_only_these_libraries(unpacked, runtime, modules):
    """No boto3, no YAML, no calendar of holidays, no library for settings."""
    folders = [str(unpacked["ingress"]), str(runtime)]
    command = [find_lambda_interpreter().executable, "-I", "-S", "-B", "-c", LOADED, json.dumps(folders)]
    command += [f"api_gateway_ws.{name}" for name in ("lambda_function", *modules)]
    completed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=DEADLINE_SECONDS)
    # CPython's own module of build settings has the name of the platform.
    assert {name for name in json.loads(completed.stdout) if not name.startswith("_sysconfigdata")} == EDGE_LIBRARIES
