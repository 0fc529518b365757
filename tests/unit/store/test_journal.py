from pathlib import Path

import pytest
from sqlalchemy import func, select

from keyfob.core.ids import AccountId, Region
from keyfob.mqtt.ports import (
    JournalEntry,
    MessageQueued,
    MessageReceived,
    MessagesSettled,
    PublishReleased,
    PublishTaken,
    Retained,
    RetainedCleared,
    SessionClosed,
    SessionEnded,
    SessionOpened,
    StoredDelivery,
    StoredMessage,
    StoredSession,
    StoredSubscription,
    StoredWill,
    Subscribed,
    Unsubscribed,
    WillSettled,
)
from keyfob.store.database import MemoryDatabase, SqliteDatabase
from keyfob.store.journal import SqlJournal
from keyfob.store.tables import metadata
from keyfob.store.tables.broker import mqtt_messages, mqtt_queue

ACCOUNT, REGION = AccountId("123456789012"), Region("eu-central-1")
MESSAGE = StoredMessage("t", b"\x00\xff", 1, b"\x01\x01", 5.0, 2.0)


@pytest.fixture
def database() -> MemoryDatabase:
    database = MemoryDatabase()
    metadata.create_all(database.engine)
    return database


@pytest.fixture
def journal(database: MemoryDatabase) -> SqlJournal:
    return SqlJournal(database, ACCOUNT, REGION)


async def _count(database: MemoryDatabase) -> tuple[int, int]:
    """Return how many queue rows and bodies there are."""
    rows = select(func.count()).select_from(mqtt_queue)
    bodies = select(func.count()).select_from(mqtt_messages)
    return await database.read(
        lambda connection: (connection.scalar(rows) or 0, connection.scalar(bodies) or 0)
    )


async def test_a_session_with_all_it_holds(journal: SqlJournal) -> None:
    subscription = StoredSubscription("a/+", 1, 5)
    await journal.commit(
        [
            SessionOpened("c", 60, clean=True),
            Subscribed("c", StoredSubscription("a/+", 0, 0)),
            Subscribed("c", subscription),
            Subscribed("c", StoredSubscription("b", 0, 0)),
            Unsubscribed("c", "b"),
        ]
    )
    await journal.commit(
        [MessageQueued(MESSAGE, (("c", 1, 1),)), MessageQueued(MESSAGE, (("c", 2, 2),))]
    )
    await journal.commit([SessionClosed("c", 99.5)])
    sessions, _ = await journal.load()
    messages = (StoredDelivery(1, 1, MESSAGE), StoredDelivery(2, 2, MESSAGE))
    assert sessions == (StoredSession("c", 99.5, 60, (subscription,), messages),)


async def test_resuming_keeps_and_a_clean_start_forgets(journal: SqlJournal) -> None:
    held: list[JournalEntry] = [
        Subscribed("c", StoredSubscription("a", 1)),
        MessageQueued(MESSAGE, (("c", 1, 1),)),
    ]
    await journal.commit([SessionOpened("c", 60, clean=True), *held, SessionClosed("c", 1.0)])
    await journal.commit([SessionOpened("c", 90, clean=False)])
    (session,), _ = await journal.load()
    assert (session.expires_at_s, session.expiry_interval_s) == (None, 90)
    assert len(session.messages) == len(session.subscriptions) == 1
    await journal.commit([SessionOpened("c", 60, clean=True)])
    assert (await journal.load())[0] == (StoredSession("c", None, 60),)


async def test_a_body_is_kept_once_until_nobody_waits(
    journal: SqlJournal, database: MemoryDatabase
) -> None:
    await journal.commit([SessionOpened(name, 60, clean=True) for name in "abc"])
    await journal.commit([MessageQueued(MESSAGE, (("a", 1, 1), ("b", 2, 2), ("c", 3, 3)))])
    assert await _count(database) == (3, 1)
    await journal.commit([MessagesSettled("a", (1,))])
    await journal.commit([SessionEnded("b")])
    assert await _count(database) == (1, 1)
    await journal.commit([MessagesSettled("c", (3, 77))])
    assert await _count(database) == (0, 0)


async def test_what_is_queued_and_settled_at_once_is_not_written(
    journal: SqlJournal, database: MemoryDatabase
) -> None:
    await journal.commit([SessionOpened(name, 60, clean=True) for name in "ab"])
    await journal.commit(
        [
            MessageQueued(MESSAGE, (("a", 1, 1), ("b", 2, 2))),
            MessageQueued(MESSAGE, (("a", 3, 3),)),
            MessagesSettled("a", (1, 3)),
        ]
    )
    assert await _count(database) == (1, 1)


async def test_the_steps_of_qos_2(journal: SqlJournal) -> None:
    await journal.commit([SessionOpened("c", 60, clean=True)])
    await journal.commit([PublishTaken("c", 9), PublishTaken("c", 10)])
    await journal.commit([PublishReleased("c", 9), MessageQueued(MESSAGE, (("c", 1, 5),))])
    await journal.commit([MessageReceived("c", 1)])
    (session,), _ = await journal.load()
    assert session.received == (10,)
    assert session.messages == (StoredDelivery(1, 5, None),)
    await journal.commit([SessionOpened("c", 60, clean=True)])
    assert (await journal.load())[0] == (StoredSession("c", None, 60),)


async def test_wills(journal: SqlJournal) -> None:
    will = StoredWill(MESSAGE, 30, True, b"who")
    await journal.commit([SessionOpened("c", 60, clean=True, will=will)])
    (session,), _ = await journal.load()
    assert (session.will, session.will_at_s) == (will, None)
    await journal.commit([SessionClosed("c", 99.0, 7, 55.0)])
    (session,), _ = await journal.load()
    assert (session.will, session.will_at_s, session.sent_up_to) == (will, 55.0, 7)
    await journal.commit([WillSettled("c")])
    (session,), _ = await journal.load()
    assert (session.will, session.will_at_s) == (None, None)
    await journal.commit([SessionOpened("c", 60, clean=False, will=will), SessionClosed("c", 1.0)])
    assert (await journal.load())[0][0].will is None


async def test_retained_messages(journal: SqlJournal) -> None:
    newer = StoredMessage("t", b"newer", 0)
    await journal.commit([Retained(MESSAGE), Retained(StoredMessage("u", b"x", 0))])
    await journal.commit([Retained(newer), RetainedCleared("u")])
    assert (await journal.load())[1] == (newer,)


async def test_accounts_and_regions_are_apart(
    journal: SqlJournal, database: MemoryDatabase
) -> None:
    other = SqlJournal(database, ACCOUNT, Region("us-east-1"))
    for one in (journal, other):
        await one.commit([SessionOpened("c", 60, clean=True), Retained(MESSAGE)])
        await one.commit([MessageQueued(MESSAGE, (("c", 1, 1),))])
    await other.commit([SessionEnded("c"), RetainedCleared("t")])
    assert await other.load() == ((), ())
    sessions, retained = await journal.load()
    assert len(sessions[0].messages) == len(retained) == 1


async def test_all_or_nothing_and_an_os_error(journal: SqlJournal) -> None:
    queued = MessageQueued(MESSAGE, (("c", 1, 1),))
    await journal.commit([SessionOpened("c", 60, clean=True), queued])
    with pytest.raises(OSError):
        await journal.commit([Retained(MESSAGE), queued])
    assert (await journal.load())[1] == ()


async def test_in_a_file(tmp_path: Path) -> None:
    for is_first in (True, False):
        database = SqliteDatabase(tmp_path / "keyfob.db")
        metadata.create_all(database.engine)
        journal = SqlJournal(database, ACCOUNT, REGION)
        if is_first:
            await journal.commit([SessionOpened("c", 60, clean=True)])
        else:
            assert (await journal.load())[0] == (StoredSession("c", None, 60),)
        await database.close()
