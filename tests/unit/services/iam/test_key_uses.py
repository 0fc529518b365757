"""When keys were last used: noted only for verified signatures, written together."""

import asyncio

import pytest
from sqlalchemy import func, select
from tests.unit.services.caller import NOW_S, Caller
from tests.unit.services.iam.refusing import refuse

from keyfob.core.ids import Region
from keyfob.services.iam import key_uses
from keyfob.services.iam.credentials import AccessKeyCredentials
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.key_uses import KeyUses
from keyfob.store.database import MemoryDatabase
from keyfob.store.tables.iam_entities import iam_access_key_uses

REGION = Region("eu-central-1")


async def make_key(iam: Caller[IamService], user: str = "ann") -> str:
    await iam("CreateUser", UserName=user)
    return str((await iam("CreateAccessKey", UserName=user))["AccessKey"]["AccessKeyId"])


async def last_used(iam: Caller[IamService], key: str) -> dict[str, object]:
    answer = await iam("GetAccessKeyLastUsed", AccessKeyId=key)
    assert answer["UserName"] == "ann"
    return dict(answer["AccessKeyLastUsed"])


async def kept(database: MemoryDatabase) -> int:
    query = select(func.count()).select_from(iam_access_key_uses)
    return await database.read(lambda connection: int(connection.execute(query).scalar_one()))


async def test_a_key_counts_as_used_when_its_signature_was_verified(
    iam: Caller[IamService], service: IamService
) -> None:
    key = await make_key(iam)
    never = {"ServiceName": "N/A", "Region": "N/A"}
    assert await last_used(iam, key) == never
    lookup = AccessKeyCredentials(service.users, service.sealer, service.key_uses)
    credential = await lookup.find(key, None, NOW_S)
    assert await last_used(iam, key) == never
    credential.note_use(REGION, "iot")
    expected = {"LastUsedDate": NOW_S, "ServiceName": "iot", "Region": REGION}
    assert await last_used(iam, key) == expected
    await service.key_uses.close()
    assert await last_used(iam, key) == expected


async def test_uses_survive_in_the_database_and_are_written_together(
    iam: Caller[IamService], service: IamService, database: MemoryDatabase
) -> None:
    key = await make_key(iam)
    for second in range(100):
        service.key_uses.note(key, REGION, "iot", NOW_S + second)
    assert await kept(database) == 0
    await service.key_uses.save()
    assert await kept(database) == 1
    await service.key_uses.close()
    other = KeyUses(service.users)
    use = await other.latest(key)
    assert use is not None
    assert (use.used_at_s, use.region, use.service) == (NOW_S + 99, REGION, "iot")


async def test_the_timer_writes(
    iam: Caller[IamService],
    service: IamService,
    database: MemoryDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(key_uses, "SAVE_AFTER_S", 0.0)
    key = await make_key(iam)
    saved = asyncio.Event()
    keep = service.users.keep_key_uses

    async def keep_noted(uses: object) -> None:
        await keep(uses)  # type: ignore[arg-type]
        saved.set()

    monkeypatch.setattr(service.users, "keep_key_uses", keep_noted)
    service.key_uses.note(key, REGION, "iot", NOW_S)
    async with asyncio.timeout(10):
        await saved.wait()
    assert await kept(database) == 1
    await service.key_uses.close()


async def test_what_cannot_be_written_stays_noted(
    iam: Caller[IamService], service: IamService, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await make_key(iam)

    async def fail(_uses: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(service.users, "keep_key_uses", fail)
    service.key_uses.note(key, REGION, "iot", NOW_S)
    with pytest.raises(OSError, match="disk full"):
        await service.key_uses.save()
    monkeypatch.undo()
    assert (await last_used(iam, key))["LastUsedDate"] == NOW_S
    await service.key_uses.close()
    assert (await last_used(iam, key))["LastUsedDate"] == NOW_S


async def test_unsaved_uses_are_bounded(
    service: IamService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_uses, "MAX_UNSAVED", 2)
    for name in ("a", "b", "c"):
        service.key_uses.note(name, REGION, "iot", NOW_S)
    service.key_uses.note("a", REGION, "iot", NOW_S + 1)
    assert await service.key_uses.latest("c") is None
    use = await service.key_uses.latest("a")
    assert use is not None
    assert use.used_at_s == NOW_S + 1
    await service.key_uses.close()


async def test_uses_go_with_their_key(
    iam: Caller[IamService], service: IamService, database: MemoryDatabase
) -> None:
    key = await make_key(iam)
    service.key_uses.note(key, REGION, "iot", NOW_S)
    await service.key_uses.save()
    await iam("UpdateUser", UserName="ann", NewPath="/x/")
    assert await kept(database) == 1
    await iam("DeleteAccessKey", UserName="ann", AccessKeyId=key)
    assert await kept(database) == 0
    service.key_uses.note(key, REGION, "iot", NOW_S)
    await service.key_uses.close()
    assert await kept(database) == 0


async def test_keys_that_are_nobody_s_here_answer_alike(
    iam: Caller[IamService], service: IamService
) -> None:
    key = await make_key(iam)
    iam.account = type(iam.account)("210987654321")
    for unknown in (key, "AKIAAAAAAAAAAAAAAAAA"):
        error = await refuse(iam, "GetAccessKeyLastUsed", AccessKeyId=unknown)
        assert (error.code, error.status) == ("AccessDenied", 403)
        assert error.message.endswith(f"on resource: access key {unknown}")
        assert await iam.resources("GetAccessKeyLastUsed", AccessKeyId=unknown) == (
            "arn:aws:iam::210987654321:user/",
        )
        assert await iam.context("GetAccessKeyLastUsed", AccessKeyId=unknown) == {}
