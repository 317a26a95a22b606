"""Runs an emulated DynamoDB with the template's tables, for the pool that keeps its claims there."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3

from infra.aws import EMULATOR_CREDENTIALS, REGION
from infra.local.emulator import start_emulator, wait_for_emulator
from infra.local.environment import build_clean_environment
from infra.local.interrupts import Interrupts
from infra.local.ports import HOST, find_free_port
from infra.local.processes import Children
from tests.contracts.stores.template import create_tables


@contextmanager
def running_dynamodb() -> Iterator[str]:
    """Run the emulator for the duration of the `with`, and yield its endpoint."""
    with tempfile.TemporaryDirectory() as folder:
        children = Children(Path(folder) / "logs", Interrupts())
        port = find_free_port()
        url = f"http://{HOST}:{port}"
        try:
            child = start_emulator(
                children, port=port, scratch=Path(folder) / "tmp", environment=build_clean_environment()
            )
            wait_for_emulator(child, port)
            credentials = {name.lower(): value for name, value in EMULATOR_CREDENTIALS.items()}
            create_tables(boto3.client("dynamodb", endpoint_url=url, region_name=REGION, **credentials))
            yield url
        finally:
            children.stop_all()
