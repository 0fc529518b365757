from typing import Any

import pytest
from sqlalchemy import text


async def make(api: Any) -> str:
    pool_id = str(await api.make_pool())
    await api.make_user(pool_id, "anna", email="anna@example.com")
    await api.make_user(pool_id, "annette", email="annette@example.org")
    await api.make_user(pool_id, "bert", email="bert@example.com")
    await api.call("AdminDisableUser", UserPoolId=pool_id, Username="bert")
    return pool_id


async def found(api: Any, pool_id: str, wanted: str) -> list[str]:
    answer = await api.call("ListUsers", UserPoolId=pool_id, Filter=wanted)
    return sorted(user["Username"] for user in answer["Users"])


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ('username ^= "ann"', ["anna", "annette"]),
        ('username = "ann"', []),
        ('email = "bert@example.com"', ["bert"]),
        ('email ^= "anna@"', ["anna"]),
        ('status = "Disabled"', ["bert"]),
        ('cognito:user_status = "CONFIRMED"', ["anna", "annette", "bert"]),
        ('username ^= ""', ["anna", "annette", "bert"]),
    ],
)
async def test_filters(api: Any, wanted: str, names: list[str]) -> None:
    assert await found(api, await make(api), wanted) == names


async def test_the_index_follows_changes(api: Any) -> None:
    pool_id = await make(api)
    await api.call(
        "AdminUpdateUserAttributes",
        UserPoolId=pool_id,
        Username="anna",
        UserAttributes=[{"Name": "email", "Value": "new@example.com"}],
    )
    await api.call("AdminEnableUser", UserPoolId=pool_id, Username="bert")
    await api.call("AdminDeleteUser", UserPoolId=pool_id, Username="annette")
    assert await found(api, pool_id, 'email = "anna@example.com"') == []
    assert await found(api, pool_id, 'email = "new@example.com"') == ["anna"]
    assert await found(api, pool_id, 'status = "Disabled"') == []
    assert await found(api, pool_id, 'username ^= "ann"') == ["anna"]


async def test_pages_of_matches(api: Any) -> None:
    pool_id = await make(api)
    wanted = 'username ^= "a"'
    first = await api.call("ListUsers", UserPoolId=pool_id, Filter=wanted, Limit=1)
    rest = await api.call(
        "ListUsers",
        UserPoolId=pool_id,
        Filter=wanted,
        Limit=1,
        PaginationToken=first["PaginationToken"],
    )
    names = [user["Username"] for user in first["Users"] + rest["Users"]]
    assert sorted(names) == ["anna", "annette"]
    assert "PaginationToken" not in rest


async def test_a_search_reads_the_index_not_the_pool(api: Any) -> None:
    plan = "EXPLAIN QUERY PLAN SELECT sub FROM pool_user_search WHERE pool_id = 'p' "
    for condition in ("value = 'x'", "value >= 'x' AND value < 'y'"):
        with api.database.engine.connect() as connection:
            rows = connection.execute(text(f"{plan} AND attribute = 'email' AND {condition}"))
            details = " ".join(str(row[3]) for row in rows)
        assert "USING COVERING INDEX" in details
        assert "value" in details
