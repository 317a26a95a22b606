"""Unpacks the package of a function once, for all of its processes and for every emulator of this checkout.

MiniStack unpacks it again for each process of a function that it starts. That took four seconds of processor time for
the 94 MB of the workers, and one for the edge.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack.core import lambda_runtime

_KEPT = 6
"""How many packages that nobody uses are kept: those of the last few starts."""

_PARTIAL = "partial-"


class UnpackedPackages:
    """A folder with one folder for each package, named by the hash of its bytes.

    Whoever uses a package holds a shared lock on its folder, which the kernel releases when the process ends.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._used: dict[str, int] = {}

    def find(self, package: bytes) -> Path:
        """Return the folder with the package's content; nobody removes it while this process runs.

        Raises `zipfile.BadZipFile` for something else than a package; nothing is left of it then.
        """
        name = hashlib.sha256(package).hexdigest()
        content = self._folder / name
        if name not in self._used:
            with self._lock():
                if not content.is_dir():
                    self._remove_unused()
                    self._unpack(package, content)
                os.utime(content)
                if name not in self._used:
                    self._used[name] = _open_locked(content, fcntl.LOCK_SH)
        return content

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Let one process, or thread, at a time unpack and remove packages."""
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = _open_locked(self._folder, fcntl.LOCK_EX)
        try:
            yield
        finally:
            os.close(lock)

    def _unpack(self, package: bytes, content: Path) -> None:
        partial = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=self._folder))
        archive = partial.with_suffix(".zip")
        try:
            archive.write_bytes(package)
            with zipfile.ZipFile(archive) as opened:
                opened.extractall(partial)
            partial.rename(content)
        finally:
            archive.unlink(missing_ok=True)
            shutil.rmtree(partial, ignore_errors=True)

    def _remove_unused(self) -> None:
        """Remove what a killed process has left half done, and the packages that were used least recently."""
        packages = []
        for path in self._folder.iterdir():
            if path.name.startswith(_PARTIAL):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            else:
                packages.append(path)
        packages.sort(key=lambda path: path.stat().st_mtime)
        for path in packages[: -_KEPT + 1]:
            with contextlib.suppress(BlockingIOError):
                lock = _open_locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path)
                os.close(lock)


def _open_locked(folder: Path, kind: int) -> int:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, kind)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def unpack_once(packages: UnpackedPackages) -> None:
    """Let the emulator's processes of functions run in the unpacked packages."""

    class LinkedPackage(zipfile.ZipFile):
        def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:  # noqa: ARG002
            """Put a link to the content where MiniStack wants it."""
            content = packages.find(Path(str(self.filename)).read_bytes())
            Path(path).rmdir()
            Path(path).symlink_to(content, target_is_directory=True)

    lambda_runtime.zipfile = SimpleNamespace(
        ZipFile=LinkedPackage, BadZipFile=zipfile.BadZipFile, LargeFileError=zipfile.LargeZipFile
    )
