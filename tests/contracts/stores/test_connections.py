"""Connections of a session: written by the ingress, read and cleared by the workers."""

import asyncio
from datetime import timedelta

import pytest

from shared.ids import new_id

OLD = timedelta(seconds=11)


@pytest.fixture
def session():
    return new_id()


async def open_one(stores, session, name, now):
    await asyncio.to_thread(lambda: stores.sessions.register_connection(session, name, tenant="salon", now=now))


async def names(stores, session):
    return [connection.connection_id for connection in await stores.connections.list_connections(session)]


async def test_a_registered_connection_is_found_at_once(stores, clock, session):
    """What `$connect` registered is what workers post to, with the time at which it opened."""
    await open_one(stores, session, "tab=", clock.now())
    (found,) = await stores.connections.list_connections(session)
    assert (found.connection_id, found.connected_at) == ("tab=", clock.now())
    assert not found.locale
    assert await names(stores, new_id()) == []


async def test_the_newest_comes_first(stores, clock, session):
    """Tabs are listed by the time at which they connected."""
    for name in ("b", "c", "a"):
        await open_one(stores, session, name, clock.now())
        clock.advance(timedelta(seconds=1))
    assert await names(stores, session) == ["a", "c", "b"]


async def test_a_hello_adds_language_and_zone(stores, clock, session):
    """A greeting keeps the time of the connection and says how the visitor wants to be spoken to."""
    start = clock.now()
    await open_one(stores, session, "tab", start)
    clock.advance(timedelta(minutes=1))
    await asyncio.to_thread(
        lambda: stores.sessions.record_hello(
            session, "tab", locale="pl-PL", tz="Europe/Warsaw", now=clock.now(), capabilities=["progress", "challenge"]
        )
    )
    (found,) = await stores.connections.list_connections(session)
    assert (found.locale, found.tz, found.connected_at) == ("pl-PL", "Europe/Warsaw", start)
    assert found.capabilities == {"progress", "challenge"}


async def test_a_hello_brings_a_row_back(stores, clock, session):
    """A connection that was taken for dead and says hello is posted to again."""
    await asyncio.to_thread(lambda: stores.sessions.record_hello(session, "tab", locale=None, tz=None, now=clock.now()))
    (found,) = await stores.connections.list_connections(session)
    assert (found.connected_at, found.capabilities) == (clock.now(), frozenset())


async def test_a_gone_connection_is_forgotten(stores, clock, session):
    """Removing takes one connection of one session; doing it twice is no error."""
    await open_one(stores, session, "tab", clock.now())
    await open_one(stores, session, "other tab", clock.now())
    clock.advance(OLD)
    await stores.connections.remove(session, "tab")
    await stores.connections.remove(session, "tab")
    assert await names(stores, session) == ["other tab"]


async def test_a_young_connection_stays(stores, clock, session):
    """In its first ten seconds a connection is kept: the gateway says "gone" too early."""
    await open_one(stores, session, "tab", clock.now())
    clock.advance(timedelta(seconds=10))
    await stores.connections.remove(session, "tab")
    assert await names(stores, session) == ["tab"]


async def test_the_ingress_counts_and_finds_connections(stores, clock, session):
    """It does not count those that have expired, and says whether what it removes was there."""
    assert not await asyncio.to_thread(lambda: stores.sessions.remove_connection(session, "tab"))
    for name in ("tab", "other tab", "third"):
        await open_one(stores, session, name, clock.now())
    later = clock.now() + timedelta(hours=3)
    assert await asyncio.to_thread(lambda: stores.sessions.count_connections(session, now=clock.now())) == 3
    assert await asyncio.to_thread(lambda: stores.sessions.count_connections(session, now=later)) == 0
    assert await asyncio.to_thread(lambda: stores.sessions.has_connection(session, "tab"))
    assert await asyncio.to_thread(lambda: stores.sessions.remove_connection(session, "tab"))
    assert not await asyncio.to_thread(lambda: stores.sessions.has_connection(session, "tab"))


async def test_a_disconnect_removes_a_young_one_too(stores, clock, session):
    """The gateway's own word that a connection closed counts at once."""
    await open_one(stores, session, "tab", clock.now())
    await asyncio.to_thread(lambda: stores.sessions.remove_connection(session, "tab"))
    await asyncio.to_thread(lambda: stores.sessions.remove_connection(session, "tab"))
    assert await names(stores, session) == []


async def test_a_connection_of_an_ended_session_is_forgotten_at_once(stores, clock, session):
    """However young it is: it was closed, and not refused. One that is unknown is no error."""
    for name in ("tab", "other"):
        await open_one(stores, session, name, clock.now())
    await stores.connections.remove(session, "tab")
    assert sorted(await names(stores, session)) == ["other", "tab"]
    for _ in range(2):
        await stores.connections.forget(session, "tab")
    assert await names(stores, session) == ["other"]
