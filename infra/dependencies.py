"""Installs the locked dependencies of a package into an archive, which is cached under a hash of its inputs."""

import compileall
import enum
import fcntl
import hashlib
import platform as machine
import py_compile
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.languages.cldr import get_cldr_locale

RECIPE = "4"
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

_NEVER_NEEDED = (".pyi", ".pth", ".a")
_NEVER_NEEDED_FOLDERS = frozenset({"tests", "test", "bin"})


class Platform(enum.Enum):
    """The platform that a package runs on."""

    AWS = "aws"
    LOCAL = "local"

    @property
    def uv_options(self) -> list[str]:
        """Return the options with which uv chooses the platform's wheels."""
        if self is Platform.AWS:
            return ["--python-platform", "aarch64-manylinux2014", "--python-version", "3.12", "--only-binary", ":all:"]
        return []

    @property
    def label(self) -> str:
        """Return a text that differs between builds of the same lock file for different platforms."""
        if self is Platform.AWS:
            return " ".join(self.uv_options)
        return f"{machine.platform()} {sys.version}"


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
        if platform is Platform.LOCAL:
            _compile_modules(target)
        unfinished = Path(folder) / "archive.zip"
        _write_archive(target, unfinished, locales)
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


def _compile_modules(folder: Path) -> None:
    # The emulator unpacks a package for each function again: without byte code a first call takes seconds longer.
    # Lambda's Python may differ from this one, so packages for AWS have no byte code.
    compileall.compile_dir(folder, quiet=2, workers=0, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)


def _find_uv() -> str:
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.exists() else shutil.which("uv")
    if not found:
        raise InstallError("uv is not installed: run `make setup`")
    return found


def _write_archive(folder: Path, archive: Path, locales: Collection[str]) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for path in _list_required_files(folder, locales):
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
