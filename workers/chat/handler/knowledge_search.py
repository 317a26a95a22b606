"""Selects what of a business's documents a prompt takes; indexes of large bases are built once and kept."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from workers.chat.domain.knowledge import MAX_PASSAGES, PromptKnowledge, fits_whole, select_passages, take_whole
from workers.chat.retrieval.section_index import SectionIndex

log = structlog.get_logger()

MAX_INDEXED_CHARACTERS = 24_000_000
"""Of the documents of all indexes that are kept; an index takes about four bytes a character. One is always kept."""


BUILT_AT_ONCE_CHARACTERS = 2_000
"""An index of so few takes a millisecond or two: not worth a thread."""


@dataclass(frozen=True, slots=True)
class _Built:
    documents: Mapping[str, str]
    index: SectionIndex
    characters: int


class KnowledgeSearch:
    """Searches the documents of each tenant in an index that is built by the first question, on a thread.

    Questions that come meanwhile wait for the same index. After a change of a document the old index answers until the
    new one is built, some seconds later.
    """

    def __init__(self) -> None:
        self._built: OrderedDict[str, _Built] = OrderedDict()
        self._building: dict[str, asyncio.Future[_Built]] = {}

    async def select_knowledge(
        self, tenant: str, documents: Mapping[str, str], *, question: str, earlier: str, language: str
    ) -> PromptKnowledge:
        """Return the documents, or the passages that match the question, of which `earlier` was said before."""
        if fits_whole(documents):
            return take_whole(documents, language)
        index = await self.get_index(tenant, documents)
        found = index.search(question, earlier=earlier, language=language, limit=MAX_PASSAGES)
        return PromptKnowledge(titles=tuple(index.titles.values()), passages=select_passages(found))

    async def get_index(self, tenant: str, documents: Mapping[str, str]) -> SectionIndex:
        """Return the index of a tenant's documents, or of their former version while the new one is built."""
        built = self._built.get(tenant)
        if built:
            self._built.move_to_end(tenant)
            if built.documents == documents:
                return built.index
        building = self._building.get(tenant) or self._start_building(tenant, documents)
        return built.index if built else (await asyncio.shield(building)).index

    def _start_building(self, tenant: str, documents: Mapping[str, str]) -> "asyncio.Future[_Built]":
        if sum(map(len, documents.values())) <= BUILT_AT_ONCE_CHARACTERS:
            building = asyncio.get_running_loop().create_future()
            building.set_result(_build(tenant, documents))
        else:
            building = asyncio.get_running_loop().run_in_executor(None, _build, tenant, documents)
        self._building[tenant] = building
        building.add_done_callback(lambda done: self._keep(tenant, done))
        return building

    def _keep(self, tenant: str, done: "asyncio.Future[_Built]") -> None:
        del self._building[tenant]
        if done.cancelled():
            return
        if error := done.exception():
            log.error("index_not_built", tenant=tenant, error=type(error).__name__)
            return
        self._built[tenant] = done.result()
        self._built.move_to_end(tenant)
        while len(self._built) > 1 and sum(one.characters for one in self._built.values()) > MAX_INDEXED_CHARACTERS:
            self._built.popitem(last=False)


def _build(tenant: str, documents: Mapping[str, str]) -> _Built:
    started = time.monotonic()
    built = _Built(documents, SectionIndex(documents), sum(map(len, documents.values())))
    log.info(
        "index_built",
        tenant=tenant,
        documents=len(documents),
        characters=built.characters,
        duration_ms=round((time.monotonic() - started) * 1000),
    )
    return built
