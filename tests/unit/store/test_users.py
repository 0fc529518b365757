from collections.abc import Callable, Iterator

import msgspec
import pytest

from keyfob.core.clock import ManualClock
from keyfob.core.ids import AccountId, Region
from keyfob.store.database import MemoryDatabase
from keyfob.store.mail import SqlMailStore
from keyfob.store.ports.mail import MessageRecord
from keyfob.store.ports.user_pools import ClientRecord, StoredKey, UserPoolRecord
from keyfob.store.ports.users import NameTakenError, UserRecord
from keyfob.store.tables.metadata import metadata
from keyfob.store.user_pools import SqlUserPoolStore
from keyfob.store.users import SqlPoolUserStore

KEY = StoredKey("kid", b"\x00\xff")


def pool(pool_id: str = "r_p") -> UserPoolRecord:
    return UserPoolRecord(
        pool_id=pool_id,
        account=AccountId("1"),
        region=Region("r"),
        name="n",
        created_at_s=1.5,
        modified_at_s=1.5,
        schema=(),
        id_key=KEY,
        access_key=KEY,
    )


def user(sub: str, *names: str) -> UserRecord:
    return UserRecord(
        pool_id="r_p",
        sub=sub,
        username=sub,
        status="CONFIRMED",
        created_at_s=1,
        modified_at_s=1,
        names=names,
        attributes={"email": "e", "email_verified": "true"},
    )


@pytest.fixture
def database() -> Iterator[MemoryDatabase]:
    database = MemoryDatabase()
    metadata.create_all(database.engine)
    yield database
    database.engine.dispose()


@pytest.fixture
async def users(database: MemoryDatabase) -> SqlPoolUserStore:
    await SqlUserPoolStore(database).add(pool())
    return SqlPoolUserStore(database, ManualClock(at=100))


def renamed(*names: str) -> Callable[[UserRecord], UserRecord]:
    return lambda record: msgspec.structs.replace(record, names=names)


async def test_users_are_found_by_any_name(users: SqlPoolUserStore) -> None:
    await users.add(user("1", "username:a", "email:e"))
    for _ in range(2):
        found = await users.find("r_p", ["username:x", "email:e"])
        assert found == user("1", "username:a", "email:e")
    assert await users.find("r_q", ["username:a"]) is None


async def test_a_name_belongs_to_one_and_a_refused_add_leaves_nothing(
    users: SqlPoolUserStore,
) -> None:
    await users.add(user("1", "username:a"))
    with pytest.raises(NameTakenError) as error:
        await users.add(user("2", "username:b", "username:a"))
    assert error.value.name == "username:a"
    assert await users.get("r_p", "2") is None
    assert await users.find("r_p", ["username:b"]) is None


async def test_changed_names_are_indexed_anew(users: SqlPoolUserStore) -> None:
    await users.add(user("1", "username:a", "email:e"))
    await users.find("r_p", ["email:e"])
    await users.update("r_p", "1", renamed("username:a", "email:f"))
    assert await users.find("r_p", ["email:e"]) is None
    assert await users.find("r_p", ["email:f"]) is not None


async def test_an_update_that_raises_changes_nothing(users: SqlPoolUserStore) -> None:
    await users.add(user("1", "username:a"))
    await users.add(user("2", "username:b"))
    with pytest.raises(NameTakenError):
        await users.update("r_p", "2", renamed("username:b", "username:a"))
    assert await users.get("r_p", "2") == user("2", "username:b")


async def test_a_displaced_owner_keeps_its_other_names(users: SqlPoolUserStore) -> None:
    await users.add(user("1", "username:a", "email:e"))
    await users.find("r_p", ["email:e"])
    await users.add(user("2", "username:b", "email:e"), displace=True)
    winner = await users.find("r_p", ["email:e"])
    loser = await users.find("r_p", ["username:a"])
    assert winner is not None
    assert loser is not None
    assert (winner.sub, loser.names) == ("2", ("username:a",))
    assert loser.attributes["email_verified"] == "false"


async def test_nobody_takes_a_user_name_by_force(users: SqlPoolUserStore) -> None:
    await users.add(user("1", "username:a"))
    with pytest.raises(NameTakenError):
        await users.add(user("2", "username:a"), displace=True)


async def test_deleting_frees_the_names(users: SqlPoolUserStore) -> None:
    await users.add(user("1", "username:a"))
    await users.find("r_p", ["username:a"])
    assert await users.delete("r_p", "1")
    assert not await users.delete("r_p", "1")
    assert await users.find("r_p", ["username:a"]) is None
    await users.add(user("2", "username:a"))


async def test_revocations_are_kept_until_they_lapse(database: MemoryDatabase) -> None:
    await SqlUserPoolStore(database).add(pool())
    clock = ManualClock(at=100)
    users = SqlPoolUserStore(database, clock)
    await users.revoke_origin("r_p", "one", 200)
    await users.revoke_origin("r_p", "one", 200)
    assert await users.is_origin_revoked("r_p", "one")
    assert not await users.is_origin_revoked("r_p", "two")
    clock.advance(200)
    await users.revoke_origin("r_p", "two", 900)
    assert not await users.is_origin_revoked("r_p", "one")


async def test_a_pool_goes_with_all_that_is_in_it(database: MemoryDatabase) -> None:
    pools, mail = SqlUserPoolStore(database), SqlMailStore(database)
    users = SqlPoolUserStore(database, ManualClock(at=0))
    await pools.add(pool())
    client = ClientRecord(client_id="c", pool_id="r_p", name="n", created_at_s=1, modified_at_s=1)
    await pools.add_client(client)
    await users.add(user("1", "username:a"))
    await users.revoke_origin("r_p", "one", 10)
    await mail.add(message("1"))
    assert await pools.get_client("c") == client
    assert await pools.delete("r_p")
    assert await pools.get("r_p") is None
    assert await pools.get_client("c") is None
    assert await users.count("r_p") == 0
    assert await mail.list_messages(None, limit=5) == ()


def message(username: str) -> MessageRecord:
    return MessageRecord(
        pool_id="r_p",
        username=username,
        medium="EMAIL",
        destination="d",
        purpose="p",
        content_encrypted=b"\x00",
        sent_at_s=1,
    )


async def test_a_mailbox_keeps_the_newest(database: MemoryDatabase) -> None:
    await SqlUserPoolStore(database).add(pool())
    mail = SqlMailStore(database, max_per_pool=3)
    for number in range(5):
        await mail.add(message(str(number)))
    kept = await mail.list_messages("r_p", limit=10)
    assert [each.username for each in kept] == ["4", "3", "2"]
    assert len(await mail.list_messages(None, limit=2)) == 2


async def test_a_pool_update_is_seen_at_once(database: MemoryDatabase) -> None:
    pools = SqlUserPoolStore(database)
    await pools.add(pool())
    await pools.get("r_p")
    await pools.update("r_p", lambda record: msgspec.structs.replace(record, name="new"))
    found = await pools.get("r_p")
    assert found is not None
    assert found.name == "new"
    assert await pools.update("none", lambda record: record) is None
