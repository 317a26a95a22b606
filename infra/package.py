"""Builds the Lambda packages: `python -m infra.package --out dist/`."""

import argparse
import functools
import hashlib
import os
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.bytecode import NO_PYTHON, CompileError
from infra.catalogues.compiling import compile_parts
from infra.catalogues.parts import list_parts
from infra.dependencies import InstallError, Platform, build_dependencies_archive
from shared.languages.available import list_languages

ROOT = Path(__file__).parent.parent
BUILD = ROOT / ".stride" / "build"

_PACKERS = (Path(__file__), Path(__file__).with_name("bytecode.py"))
_NOT_PACKED = frozenset({".pyc", ".po", ".part"})

EPILOG = """\
examples:
  python -m infra.package --out dist/                      for AWS: Python 3.12 on arm64, with its bytecode
  python -m infra.package --out dist/ --platform local     for the emulator on this machine
  python -m infra.package --out dist/ ingress              one package alone
"""


@dataclass(frozen=True)
class Package:
    """The content of one archive: our packages and the dependencies of a lock file."""

    name: str
    sources: tuple[str, ...]
    lock: str


PACKAGES = (
    Package("ingress", ("api_gateway_ws", "shared"), "ingress.txt"),
    Package("workers", ("workers", "shared"), "workers.txt"),
)


def build_package(package: Package, out: Path, platform: Platform, *, reuse: bool = False) -> Path:
    """Write one archive and return its path; the same sources and lock give the same bytes.

    With `reuse` an archive of the same sources that is there already is left as it is.
    """
    if platform.interpreter is None:
        _warn_about_bytecode()
    compile_parts(list_parts())
    lock = ROOT / "requirements" / package.lock
    dependencies = build_dependencies_archive(lock, platform, languages=list_languages(), cache=BUILD)
    out.mkdir(parents=True, exist_ok=True)
    finished = out / f"{package.name}.zip"
    ingredients = _digest_ingredients(package, dependencies)
    if reuse and _read_comment(finished) == ingredients:
        return finished
    # With the process id: two stacks may build at the same time.
    unfinished = finished.with_suffix(f".{os.getpid()}.part")
    unfinished.write_bytes(dependencies.read_bytes())
    with tempfile.TemporaryDirectory() as staging, zipfile.ZipFile(unfinished, "a", zipfile.ZIP_DEFLATED) as archive:
        folder = Path(staging)
        for path in list_sources(package):
            copy = folder / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        if platform.interpreter:
            platform.interpreter.compile_folder(folder)
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.writestr(build_entry(path.relative_to(folder).as_posix()), path.read_bytes())
        archive.comment = ingredients
    unfinished.replace(finished)
    return finished


def _digest_ingredients(package: Package, dependencies: Path) -> bytes:
    """Return the hash of our files, of what packs them, and of the dependencies' name, which has that of their lock."""
    digest = hashlib.sha256(dependencies.name.encode())
    for path in (*_PACKERS, *list_sources(package)):
        content = path.read_bytes()
        digest.update(f"\0{path.relative_to(ROOT)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest().encode()


def _read_comment(path: Path) -> bytes | None:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.comment
    except (FileNotFoundError, zipfile.BadZipFile):
        return None


@functools.cache
def _warn_about_bytecode() -> None:
    print(NO_PYTHON, file=sys.stderr)


def list_sources(package: Package) -> Iterator[Path]:
    """Yield our files of a package, sorted by path."""
    for name in package.sources:
        for path in sorted((ROOT / name).rglob("*")):
            if path.is_file() and path.suffix not in _NOT_PACKED and not path.name.startswith("."):
                yield path


def build_entry(name: str) -> zipfile.ZipInfo:
    """Return an archive entry with a fixed time and the file mode that Lambda needs to read it."""
    info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info


def main(argv: Sequence[str] | None = None) -> int:
    """Build the packages of the command line and print their sizes."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.package",
        description="Build the packages that Lambda runs.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help="ingress, workers; all of them by default")
    parser.add_argument("--out", type=Path, default=Path("dist"), help="folder for the archives (default: dist)")
    parser.add_argument("--platform", choices=[each.value for each in Platform], default=Platform.AWS.value)
    options = parser.parse_args(argv)
    unknown = set(options.packages) - {package.name for package in PACKAGES}
    if unknown:
        parser.error(f"no such package: {', '.join(sorted(unknown))}")
    platform = Platform(options.platform)
    for package in PACKAGES:
        if options.packages and package.name not in options.packages:
            continue
        started = time.monotonic()
        try:
            path = build_package(package, options.out, platform)
        except (InstallError, CompileError) as error:
            sys.exit(f"{package.name}: {error}")
        print(f"{path}  {path.stat().st_size / 1e6:.1f} MB  {time.monotonic() - started:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
