"""The documents of tenants in memory: read several at a time, kept up to a number of bytes."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock

from shared.aws.text_objects import TextObject
from shared.tenants.documents import UnreadableDocumentError, decode_document, describe_problem

MAX_READERS = 8
"""Objects that are read at the same time; botocore's pool has ten connections."""

MAX_CACHED_BYTES = 48_000_000
"""The documents of all tenants in a process, as UTF-8; Python keeps texts with characters such as `ł` in twice as much.

The documents that were read last are kept even if they alone are larger.
"""


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """An object that was read: its text, or why it has none."""

    etag: str
    text: str | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class LoadedDocuments:
    """All documents of a folder."""

    documents: Mapping[str, ReadDocument]
    texts: Mapping[str, str]
    """In the order of the names; the same object until a document changes."""
    size_bytes: int

    @property
    def problems(self) -> tuple[str, ...]:
        """Return a sentence for each document that is no text."""
        return tuple(
            describe_problem(name, document.problem)
            for name, document in sorted(self.documents.items())
            if document.text is None
        )


@dataclass(slots=True)
class DocumentFolder:
    """What was listed of a tenant's folder, and its documents once somebody asked for them."""

    profile_etag: str = ""
    listed: Mapping[str, str] = field(default_factory=dict)
    """The ETags of the documents by name, in the order of the names."""
    skipped: tuple[str, ...] = ()
    """A sentence for each file that is no document."""
    loaded: LoadedDocuments | None = None

    @property
    def problems(self) -> tuple[str, ...]:
        """Return a sentence for each file that is not read."""
        return (*self.skipped, *(self.loaded.problems if self.loaded else ()))


def load_documents(
    listed: Mapping[str, str], known: LoadedDocuments | None, read: Callable[[str], TextObject | None]
) -> LoadedDocuments:
    """Read those of the listed documents whose ETag is not the known one; one that is gone is left out.

    Raises:
        TransientError, PermanentError: one can't be read.
    """
    before = known.documents if known else {}
    documents = {name: before[name] for name, etag in listed.items() if name in before and before[name].etag == etag}
    missing = [name for name in listed if name not in documents]
    with ThreadPoolExecutor(max_workers=MAX_READERS) as readers:
        objects = list(readers.map(read, missing))
    documents |= {name: _decode(found) for name, found in zip(missing, objects, strict=True) if found}
    texts = {name: text for name in listed if name in documents and (text := documents[name].text) is not None}
    if known and texts == known.texts:
        return LoadedDocuments(documents, known.texts, known.size_bytes)
    return LoadedDocuments(documents, texts, sum(len(text.encode(errors="replace")) for text in texts.values()))


def _decode(found: TextObject) -> ReadDocument:
    try:
        return ReadDocument(found.etag, decode_document(found.content))
    except UnreadableDocumentError as error:
        return ReadDocument(found.etag, None, str(error))


class DocumentMemory:
    """Which folders have their documents in memory, up to `MAX_CACHED_BYTES`; thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._folders: OrderedDict[str, DocumentFolder] = OrderedDict()

    def touch(self, tenant: str) -> None:
        """Note that a tenant's documents are used."""
        with self._lock:
            if tenant in self._folders:
                self._folders.move_to_end(tenant)

    def keep(self, tenant: str, folder: DocumentFolder, loaded: LoadedDocuments) -> None:
        """Keep a folder's documents, and drop those that were not used for the longest while there are too many."""
        with self._lock:
            folder.loaded = loaded
            self._folders[tenant] = folder
            self._folders.move_to_end(tenant)
            total = sum(each.loaded.size_bytes for each in self._folders.values() if each.loaded)
            while total > MAX_CACHED_BYTES and len(self._folders) > 1:
                _, dropped = self._folders.popitem(last=False)
                total -= dropped.loaded.size_bytes if dropped.loaded else 0
                dropped.loaded = None
