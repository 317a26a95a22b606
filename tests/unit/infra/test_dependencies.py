"""The cache of a package's dependencies."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra import dependencies
from infra.dependencies import InstallError, Platform, build_dependencies_archive


@pytest.fixture
def lock(tmp_path):
    path = tmp_path / "workers.txt"
    path.write_text("one==1\n", encoding="utf-8")
    return path


def test_stacks_that_start_together_install_once(lock, tmp_path, monkeypatch):
    """The second one waits for the archive of the first one."""
    installed = []

    def install(_lock, _platform, target):
        installed.append(target)
        target.mkdir()
        (target / "one.py").write_text("", encoding="utf-8")
        time.sleep(0.2)

    monkeypatch.setattr(dependencies, "_install_dependencies", install)
    cache = tmp_path / "cache"
    with ThreadPoolExecutor() as threads:
        builds = [
            threads.submit(build_dependencies_archive, lock, Platform.AWS, languages=["en"], cache=cache)
            for _ in range(3)
        ]
        archives = {build.result() for build in builds}
    assert (len(installed), [archive.exists() for archive in archives]) == (1, [True])


def test_a_failed_installation_leaves_no_archive_and_no_lock(lock, tmp_path, monkeypatch):
    """The next one installs again."""
    failures = iter([InstallError("no network")])

    def install(_lock, _platform, target):
        target.mkdir()
        for error in failures:
            raise error

    monkeypatch.setattr(dependencies, "_install_dependencies", install)
    with pytest.raises(InstallError):
        build_dependencies_archive(lock, Platform.AWS, languages=["en"], cache=tmp_path)
    assert build_dependencies_archive(lock, Platform.AWS, languages=["en"], cache=tmp_path).exists()
