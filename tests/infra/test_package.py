"""The packages in isolation, as in Lambda: without this checkout and its environment."""

import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from infra.dependencies import Platform
from infra.package import PACKAGES, ROOT, build_package
from shared.languages.available import list_languages
from shared.languages.cldr import get_cldr_locale
from tests.deadlines import DEADLINE_SECONDS
from tests.infra.packages import MEGABYTE, link_runtime, unpack_packages

pytestmark = pytest.mark.package

WORKERS = ("chat", "booking", "notifications", "failures")
LIMIT = 250 * MEGABYTE
"""Lambda's quota for a package and its layers, unpacked (https://docs.aws.amazon.com/lambda/latest/dg/limits.html)."""

IMPORTS = """
import importlib, json, sys
sys.path[:0] = json.loads(sys.argv[1])
for name in json.loads(sys.argv[2]):
    importlib.import_module(name)
outside = [name for name, module in sys.modules.items() if "site-packages" in (getattr(module, "__file__", None) or "")]
print(json.dumps(outside))
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    out = tmp_path_factory.mktemp("packages")
    return {package.name: build_package(package, out, Platform.LOCAL) for package in PACKAGES}


@pytest.fixture(scope="module")
def unpacked(packages, tmp_path_factory):
    return unpack_packages(packages, tmp_path_factory.mktemp("unpacked"))


@pytest.fixture(scope="module")
def runtime(tmp_path_factory):
    return link_runtime(tmp_path_factory.mktemp("runtime"))


def isolated_import(modules, *folders):
    """Import modules from the standard library and these folders; return modules from other sources."""
    command = [sys.executable, "-I", "-S", "-B", "-c", IMPORTS]
    command += [json.dumps([str(folder) for folder in folders]), json.dumps(modules)]
    completed = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=DEADLINE_SECONDS, cwd=folders[0]
    )
    assert completed.returncode == 0, completed.stderr
    return json.loads(completed.stdout.splitlines()[-1])


def test_the_ingress_imports_from_its_package_and_the_runtime_alone(unpacked, runtime):
    """A package without a needed file or dependency fails here, not after the deployment."""
    # The other modules, because a function reports an import that fails instead of raising it.
    names = ("lambda_function", "ingress_events", "wiring", "authorizer_events", "authorizer_wiring")
    modules = [f"api_gateway_ws.{name}" for name in names]
    assert isolated_import(modules, unpacked["ingress"], runtime) == []


def test_the_workers_import_from_their_package_alone(unpacked):
    """The package has its own botocore, because aiobotocore requires an exact version."""
    # The wiring, because a function reports an import of its wiring that fails instead of raising it.
    modules = [f"workers.{name}.{module}" for name in WORKERS for module in ("wiring", "lambda_function")]
    modules += [
        "workers.chat.retrieval.ranking",
        "googleapiclient.discovery",
        "google.oauth2.service_account",
        "babel.dates",
    ]
    assert isolated_import(modules, unpacked["workers"]) == []


@pytest.mark.parametrize(
    ("name", "parts"),
    [("ingress", ["shared"]), ("workers", ["shared", "workers/chat", "workers/notifications"])],
)
def test_a_package_has_every_language_compiled(unpacked, name, parts):
    """Each part has compiled catalogues only; the workers have the date formats of each language."""
    for part in parts:
        written = {path.stem for path in (ROOT / part / "locales").glob("*.po")}
        assert {path.name for path in (unpacked[name] / part / "locales").iterdir()} == {f"{tag}.mo" for tag in written}
    if name == "workers":
        dates = {path.stem for path in (unpacked[name] / "babel" / "locale-data").iterdir()}
        assert dates == {"root", *(str(get_cldr_locale(language)) for language in list_languages())}


def test_every_folder_with_code_of_ours_is_a_package(unpacked):
    """A folder without `__init__.py` works from a checkout and fails elsewhere."""
    for folder in unpacked.values():
        for name in ("api_gateway_ws", "shared", "workers"):
            for code in (folder / name).rglob("*.py"):
                assert (code.parent / "__init__.py").exists(), code.relative_to(folder)


@pytest.mark.parametrize("name", ["ingress", "workers"])
def test_a_package_has_no_tests_no_secrets_and_fits(packages, name):
    """A package has neither tests nor secrets, and is smaller than Lambda's limit."""
    with zipfile.ZipFile(packages[name]) as archive:
        entries = archive.infolist()
    names = [entry.filename for entry in entries]
    size = sum(entry.file_size for entry in entries)
    assert size < LIMIT, f"{size / MEGABYTE:.1f} MB unpacked"
    assert len(names) == len(set(names))
    assert not [each for each in names if each.startswith(("tests/", "infra/", "bench/", "widget/", "docs/"))]
    assert not [each for each in names if Path(each).suffix in {".pem", ".key"} and "cacert" not in each]
    assert not [each for each in names if Path(each).name.startswith(".env") or "service-account" in each]
    assert not [each for each in names if "/tests/" in each]


def test_the_workers_package_keeps_one_google_api_and_few_aws_services(packages):
    """Both client libraries have descriptions of hundreds of services, which are most of their size."""
    with zipfile.ZipFile(packages["workers"]) as archive:
        names = archive.namelist()
    documents = [Path(name).name for name in names if "discovery_cache/documents/" in name]
    services = {name.split("/")[2] for name in names if name.startswith("botocore/data/") and name.count("/") > 2}
    assert documents == ["calendar.v3.json"]
    assert {"dynamodb", "sqs", "s3", "secretsmanager", "sesv2", "bedrock-runtime"} <= services
    assert len(services) < 20


def test_the_same_sources_give_the_same_package(packages, tmp_path):
    """An unchanged package is not deployed again."""
    assert build_package(PACKAGES[0], tmp_path, Platform.LOCAL).read_bytes() == packages["ingress"].read_bytes()


def test_a_package_of_the_same_sources_is_reused(packages, tmp_path):
    """What is damaged or was built of other sources is built anew."""
    archive, built = tmp_path / "ingress.zip", packages["ingress"].read_bytes()
    others = replace(PACKAGES[0], sources=("api_gateway_ws",))
    for found, package, is_reused in (
        (built, PACKAGES[0], True),
        (built[:-100], PACKAGES[0], False),
        (built, others, False),
    ):
        archive.write_bytes(found)
        inode = archive.stat().st_ino
        content = build_package(package, tmp_path, Platform.LOCAL, reuse=True).read_bytes()
        assert (archive.stat().st_ino == inode) is is_reused
        assert (content == built) is (package is PACKAGES[0])
