"""Reads all pages of a list. The paginators of boto3 do the same, but a client in memory has none."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any


def read_pages(
    call: Callable[..., Mapping[str, Any]], *, sent: str = "NextToken", received: str = "NextToken", **arguments: Any
) -> Iterator[Mapping[str, Any]]:
    """Yield the answers of a call; `sent` and `received` are the names of its token. A page may be empty."""
    token: dict[str, str] = {}
    while True:
        page = call(**arguments, **token)
        yield page
        if not page.get(received):
            return
        token = {sent: page[received]}


def read_object_pages(s3: Any, **arguments: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the pages of a list of objects."""
    return read_pages(s3.list_objects_v2, sent="ContinuationToken", received="NextContinuationToken", **arguments)
