"""Helpers for the tests of the Lambda packages."""

import zipfile
from pathlib import Path

import boto3
import botocore
import dateutil
import jmespath
import s3transfer
import six
import urllib3

MEGABYTE = 1_000_000

RUNTIME = (boto3, botocore, s3transfer, jmespath, dateutil, urllib3, six)
"""The packages that Lambda's Python runtime includes."""


def unpack_packages(packages, folder):
    """Unpack each package into a folder of its own."""
    for name, archive in packages.items():
        with zipfile.ZipFile(archive) as content:
            content.extractall(folder / name)
    return {name: folder / name for name in packages}


def link_runtime(folder):
    """Fill a folder with the packages of Lambda's runtime only."""
    for module in RUNTIME:
        path = Path(module.__file__)
        path = path.parent if path.name == "__init__.py" else path
        (folder / path.name).symlink_to(path)
    return folder
