"""A package is unpacked once for all processes of its function, and stays while an emulator uses it."""

import io
import os
import threading
import zipfile
from pathlib import Path

import pytest
from ministack.core import lambda_runtime

from infra.local import unpacked_packages
from infra.local.unpacked_packages import UnpackedPackages, unpack_once


def pack(content: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("handler/__init__.py", content)
    return file.getvalue()


def read(folder: Path) -> str:
    return (folder / "handler" / "__init__.py").read_text(encoding="utf-8")


@pytest.fixture
def unpacked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what was unpacked, in order."""
    found: list[str] = []
    extract = zipfile.ZipFile.extractall

    def extract_and_count(archive: zipfile.ZipFile, path: Path) -> None:
        found.append(archive.read("handler/__init__.py").decode())
        extract(archive, path)

    monkeypatch.setattr(zipfile.ZipFile, "extractall", extract_and_count)
    return found


def test_emulators_of_one_checkout_share_a_package(tmp_path, unpacked):
    first, second = UnpackedPackages(tmp_path), UnpackedPackages(tmp_path)
    folders = [packages.find(pack(content)) for packages in (first, second) for content in ("old", "new", "old")]
    assert [read(folder) for folder in folders] == ["old", "new", "old"] * 2
    assert unpacked == ["old", "new"]


def test_two_at_the_same_time_unpack_once(tmp_path, unpacked):
    start, folders = threading.Barrier(4), []

    def find() -> None:
        start.wait()
        folders.append(UnpackedPackages(tmp_path).find(pack("one")))

    threads = [threading.Thread(target=find) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ([read(folder) for folder in folders], unpacked) == (["one"] * 4, ["one"])


def test_the_least_recently_used_is_removed_but_not_one_in_use(tmp_path):
    kept, number = UnpackedPackages(tmp_path), unpacked_packages._KEPT
    in_use = kept.find(pack("in use"))
    os.utime(in_use, (1, 1))
    folders = []
    for index in range(number + 2):
        packages = UnpackedPackages(tmp_path)
        folders.append(packages.find(pack(f"version {index}")))
        os.utime(folders[-1], (index + 2, index + 2))
        for descriptor in packages._used.values():
            os.close(descriptor)  # as the kernel does when the emulator ends
    assert read(in_use) == "in use"
    assert [folder.exists() for folder in folders] == [False] * 2 + [True] * number


def test_what_a_killed_emulator_left_half_unpacked_is_removed(tmp_path):
    (tmp_path / "partial-1" / "handler").mkdir(parents=True)
    (tmp_path / "partial-1.zip").write_bytes(b"")
    folder = UnpackedPackages(tmp_path).find(pack("whole"))
    assert list(tmp_path.iterdir()) == [folder]


def test_no_package_is_refused_and_nothing_is_left(tmp_path):
    with pytest.raises(zipfile.BadZipFile):
        UnpackedPackages(tmp_path).find(b"no archive")
    assert list(tmp_path.iterdir()) == []


def test_the_processes_of_a_function_run_in_the_folder(tmp_path, monkeypatch, unpacked):
    monkeypatch.setattr(lambda_runtime, "zipfile", zipfile)
    unpack_once(UnpackedPackages(tmp_path / "unpacked"))
    for name in ("first", "second"):
        process = tmp_path / name
        (process / "code").mkdir(parents=True)
        (process / "code.zip").write_bytes(pack("function"))
        with lambda_runtime.zipfile.ZipFile(str(process / "code.zip")) as archive:
            archive.extractall(str(process / "code"))
        assert read(process / "code") == "function"
    assert unpacked == ["function"]
