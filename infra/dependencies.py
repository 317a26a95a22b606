"""Installs the locked dependencies of a package into an archive, which is cached under a hash of its inputs."""

import enum
import fcntl
import hashlib
import platform as machine
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.bytecode import LAMBDA_PYTHON, Interpreter, find_lambda_interpreter, local_interpreter
from shared.languages.cldr import get_cldr_locale

RECIPE = "5"
"""Part of the archive's hash: increment it when the rules below change."""

AWS_SERVICES = frozenset(
    {
        "apigatewaymanagementapi",
        "bedrock-runtime",
        "dynamodb",
        "s3",
        "secretsmanager",
        "scheduler",
        "sesv2",
        "signin",
        "sns",
        "sqs",
        "sso",
        "sso-oidc",
        "sts",
    }
)
"""Services whose descriptions are kept: botocore has about four hundred, which are most of its size."""

GOOGLE_APIS = frozenset({"calendar.v3.json"})
"""Discovery documents that are kept, of about six hundred."""

_NEVER_NEEDED = (".pyi", ".pth", ".a", ".pyx", ".pxd", ".pxi", ".c", ".h", ".proto")
"""Types, start-up hooks, and the sources of what is compiled."""

NOT_ON_LAMBDA = frozenset({"uvloop", "cffi", "pycparser"})
"""Distributions that no function imports: the event loop of pools, and the compiler of bindings. Cryptography uses only
the module `_cffi_backend` beside the package `cffi`."""

_NEVER_NEEDED_FOLDERS = frozenset({"tests", "test", "bin"})


class Platform(enum.Enum):
    """The platform that a package runs on."""

    AWS = "aws"
    AWS_X86 = "aws-x86"
    """The same recipe for this kind of machine: what the tests run."""
    LOCAL = "local"

    @property
    def uv_options(self) -> list[str]:
        """Return the options with which uv chooses the platform's wheels."""
        if self is Platform.LOCAL:
            return []
        machine_type = "aarch64" if self is Platform.AWS else "x86_64"
        options = ["--python-platform", f"{machine_type}-manylinux2014", "--python-version", LAMBDA_PYTHON]
        return [*options, "--only-binary", ":all:"]

    @property
    def interpreter(self) -> Interpreter | None:
        """Return the Python that compiles a package for the platform; None if this machine has none."""
        return local_interpreter() if self is Platform.LOCAL else find_lambda_interpreter()

    @property
    def label(self) -> str:
        """Return a text that differs between builds of the same lock file for different platforms."""
        if self is Platform.LOCAL:
            return f"{machine.platform()} {sys.version}"
        return " ".join([*self.uv_options, "with bytecode" if self.interpreter else "without bytecode"])


class InstallError(Exception):
    """Dependencies could not be installed; the text has the reason."""


def build_dependencies_archive(lock: Path, platform: Platform, *, languages: Iterable[str], cache: Path) -> Path:
    """Return the archive of a lock file's dependencies, from the cache if it exists."""
    locales = list_cldr_locales(languages)
    recipe = f"{RECIPE} {sorted(locales)}"
    digest = hashlib.sha256(b"\0".join([recipe.encode(), platform.label.encode(), lock.read_bytes()]))
    archive = cache / f"{lock.stem}-{platform.value}-{digest.hexdigest()[:16]}.zip"
    if archive.exists():
        return archive
    cache.mkdir(parents=True, exist_ok=True)
    with _lock_file(archive.with_suffix(".lock")), tempfile.TemporaryDirectory(dir=cache) as folder:
        if archive.exists():  # Another process has built it meanwhile.
            return archive
        target = Path(folder) / "installed"
        _install_dependencies(lock, platform, target)
        _remove_unneeded_files(target, locales)
        if platform.interpreter:
            platform.interpreter.compile_folder(target)
        unfinished = Path(folder) / "archive.zip"
        _write_archive(target, unfinished)
        unfinished.replace(archive)
    return archive


@contextmanager
def _lock_file(path: Path) -> Iterator[None]:
    """Wait until no other process has the lock, and keep it until the end of the `with` or of the process."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def list_cldr_locales(languages: Iterable[str]) -> frozenset[str]:
    """Return the locales, of about a thousand, whose dates Babel formats: those of the languages and their parents."""
    names = [str(get_cldr_locale(tag)) for tag in languages]
    return frozenset({"root", *(name.rsplit("_", count)[0] for name in names for count in range(name.count("_") + 1))})


def _install_dependencies(lock: Path, platform: Platform, target: Path) -> None:
    command = [_find_uv(), "pip", "install", "--quiet", "--require-hashes", "--no-deps", "--target", str(target)]
    command += ["--no-compile-bytecode", "--python", sys.executable, *platform.uv_options, "--requirement", str(lock)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise InstallError(f"the dependencies in {lock.name} could not be installed:\n{result.stderr.strip()}")


def _find_uv() -> str:
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.exists() else shutil.which("uv")
    if not found:
        raise InstallError("uv is not installed: run `make setup`")
    return found


def _remove_unneeded_files(folder: Path, locales: Collection[str]) -> None:
    required = set(_list_required_files(folder, locales))
    for path in folder.rglob("*"):
        if path.is_file() and path not in required:
            path.unlink()


def _write_archive(folder: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (0o755 if path.suffix == ".so" else 0o644) << 16
            out.writestr(info, path.read_bytes())


def _list_required_files(folder: Path, locales: Collection[str]) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        parts = name.split("/")
        if (
            not path.is_file()
            or path.name.startswith(".")
            or path.suffix in _NEVER_NEEDED
            or _NEVER_NEEDED_FOLDERS.intersection(parts[:-1])
            or parts[0].partition("-")[0] in NOT_ON_LAMBDA
        ):
            continue
        if parts[:2] == ["botocore", "data"] and len(parts) > 3 and parts[2] not in AWS_SERVICES:
            continue
        if "discovery_cache/documents/" in name and path.name not in GOOGLE_APIS:
            continue
        if "babel/locale-data/" in name and path.stem not in locales:
            continue
        if parts[:2] == ["holidays", "locale"]:  # the dates are used, the translated names are not
            continue
        yield path
