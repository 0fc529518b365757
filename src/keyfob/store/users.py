"""User pool users in SQL."""

from collections.abc import Callable, Sequence
from functools import partial

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from keyfob.core.clock import Clock
from keyfob.store.announcement import write_and_tell
from keyfob.store.database import Database
from keyfob.store.ports.page import Page
from keyfob.store.ports.users import (
    NameTakenError,
    UserRecord,
    UserSearch,
    searchable_values,
)
from keyfob.store.tables.users import (
    pool_user_names,
    pool_user_search,
    pool_users,
    revoked_origins,
    rotated_tokens,
)

MAX_CACHED = 10_000
"""Users, and sign-ins known not to be revoked; beyond it the memory starts over."""

_decoder = msgspec.json.Decoder(UserRecord)
_Key = tuple[str, str]

_REVOCATION = select(revoked_origins.c.until_s).where(
    revoked_origins.c.pool_id == bindparam("pool_id"),
    revoked_origins.c.origin_jti == bindparam("origin_jti"),
)
"""Asked with every access token: built once, which is most of what asking takes."""


class SqlPoolUserStore:
    """Users of every pool, remembered once read."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Keep them in `database`; `clock` tells which revocations may be forgotten."""
        self._database = database
        self._clock = clock
        self._records: dict[_Key, UserRecord] = {}
        self._subs: dict[_Key, str] = {}
        self._unrevoked: set[_Key] = set()
        self._generation = 0

    async def find(self, pool_id: str, names: Sequence[str]) -> UserRecord | None:
        """Return the user with the first of the index names that anyone has."""
        for name in names:
            sub = self._subs.get((pool_id, name))
            known = self._records.get((pool_id, sub)) if sub is not None else None
            if known is not None:
                return known
            generation = self._generation
            record = await self._database.read(partial(_read_by_name, pool_id=pool_id, name=name))
            if record is not None:
                self._remember(record, generation)
                return record
        return None

    async def get(self, pool_id: str, sub: str) -> UserRecord | None:
        """Return a user by its key."""
        known = self._records.get((pool_id, sub))
        if known is not None:
            return known
        generation = self._generation
        record = await self._database.read(lambda connection: _read(connection, pool_id, sub))
        if record is not None:
            self._remember(record, generation)
        return record

    async def add(self, record: UserRecord, *, displace: bool = False) -> None:
        """Keep a new user.

        Raises:
            NameTakenError: another user has one of its names.
        """

        def work(connection: Connection) -> None:
            key = {"pool_id": record.pool_id, "sub": record.sub}
            row = {**key, "document": msgspec.json.encode(record)}
            connection.execute(insert(pool_users).values(row))
            _index(connection, None, record)
            _take_names(connection, record, record.names[:1], displace=False)
            _take_names(connection, record, record.names[1:], displace=displace)

        try:
            await self._database.write(work)
        finally:
            if displace:
                self._forget_all()

    async def update(
        self,
        pool_id: str,
        sub: str,
        change: Callable[[UserRecord], UserRecord],
        *,
        displace: bool = False,
    ) -> UserRecord | None:
        """Replace a user by what `change` makes of it; None when there is no such user.

        Raises:
            NameTakenError: another user has one of its new names.
        """

        def work(connection: Connection) -> UserRecord | None:
            record = _read(connection, pool_id, sub)
            if record is None:
                return None
            changed = change(record)
            _save(connection, changed)
            _index(connection, record, changed)
            lost = [name for name in record.names if name not in changed.names]
            gained = [name for name in changed.names if name not in record.names]
            if lost:
                _drop_names(connection, pool_id, lost)
            _take_names(connection, changed, gained, displace=displace)
            return changed

        try:
            return await self._database.write(work)
        finally:
            self._forget(pool_id, sub)
            if displace:
                self._forget_all()

    async def delete(self, pool_id: str, sub: str) -> bool:
        """Delete a user; False when there was none."""
        columns = pool_users.c
        statement = delete(pool_users).where(columns.pool_id == pool_id, columns.sub == sub)
        try:
            return await self._database.write(
                lambda connection: connection.execute(statement).rowcount > 0
            )
        finally:
            self._forget(pool_id, sub)

    async def list_users(self, pool_id: str, *, after: str | None, limit: int) -> Page[UserRecord]:
        """Return users of one pool in the order of their keys."""
        columns = pool_users.c
        query = (
            select(columns.document)
            .where(columns.pool_id == pool_id, columns.sub > (after or ""))
            .order_by(columns.sub)
            .limit(limit + 1)
        )
        documents = await self._database.read(
            lambda connection: connection.execute(query).scalars().all()
        )
        records = [_decoder.decode(document) for document in documents]
        next_after = records[limit - 1].sub if len(records) > limit else None
        return Page(tuple(records[:limit]), next_after)

    async def search(
        self, pool_id: str, wanted: UserSearch, *, after: str | None, limit: int
    ) -> Page[UserRecord]:
        """Return the users of one pool that match, in the order of their keys."""
        users, found = pool_users.c, pool_user_search.c
        fits = found.value == wanted.value
        if wanted.is_prefix:
            beyond = wanted.value + "\U0010ffff"
            fits = (found.value >= wanted.value) & (found.value < beyond)
        query = (
            select(users.document)
            .join(pool_user_search, (found.pool_id == users.pool_id) & (found.sub == users.sub))
            .where(found.pool_id == pool_id, found.attribute == wanted.attribute, fits)
            .where(found.sub > (after or ""))
            .order_by(found.sub)
            .limit(limit + 1)
        )
        documents = await self._database.read(
            lambda connection: connection.execute(query).scalars().all()
        )
        records = [_decoder.decode(document) for document in documents]
        next_after = records[limit - 1].sub if len(records) > limit else None
        return Page(tuple(records[:limit]), next_after)

    async def count(self, pool_id: str) -> int:
        """Return how many users a pool has."""
        query = select(func.count()).select_from(pool_users).where(pool_users.c.pool_id == pool_id)
        return await self._database.read(lambda connection: connection.execute(query).scalar_one())

    async def find_anywhere(self, text: str, limit: int) -> tuple[UserRecord, ...]:
        """Return users of all pools whose username, sub or indexed alias is `text`."""
        kinds = ("username", "sub", "email", "phone_number", "preferred_username")
        forms = {text, text.lower()}
        wanted = [f"{kind}:{form}" for kind in kinds for form in forms]
        users, names = pool_users.c, pool_user_names.c
        query = (
            select(users.document)
            .distinct()
            .join(pool_user_names, (names.pool_id == users.pool_id) & (names.sub == users.sub))
            .where(names.name.in_(wanted))
            .limit(limit)
        )
        documents = await self._database.read(
            lambda connection: connection.execute(query).scalars().all()
        )
        return tuple(_decoder.decode(document) for document in documents)

    async def revoke_origin(self, pool_id: str, origin_jti: str, until_s: float) -> None:
        """Refuse tokens of one sign-in until they would have expired anyway."""
        columns = revoked_origins.c
        now_s = self._clock.now()

        def work(connection: Connection) -> None:
            connection.execute(delete(revoked_origins).where(columns.until_s < now_s))
            same = (columns.pool_id == pool_id) & (columns.origin_jti == origin_jti)
            connection.execute(delete(revoked_origins).where(same))
            row = {"pool_id": pool_id, "origin_jti": origin_jti, "until_s": until_s}
            connection.execute(insert(revoked_origins).values(row))

        async def tell(_done: None) -> None:
            self._generation += 1
            self._unrevoked.discard((pool_id, origin_jti))

        await write_and_tell(self._database, work, tell)

    async def use_refresh_token(
        self, pool_id: str, token_id: str, until_s: float, now_s: float
    ) -> float:
        """Note that a refresh token was exchanged; return when that happened first."""
        columns = rotated_tokens.c
        same = (columns.pool_id == pool_id) & (columns.token_id == token_id)

        def work(connection: Connection) -> float:
            used = connection.execute(select(columns.used_at_s).where(same)).scalar_one_or_none()
            if used is not None:
                return float(used)
            connection.execute(delete(rotated_tokens).where(columns.until_s < now_s))
            row = {
                "pool_id": pool_id,
                "token_id": token_id,
                "used_at_s": now_s,
                "until_s": until_s,
            }
            connection.execute(insert(rotated_tokens).values(row))
            return now_s

        return await self._database.write(work)

    async def is_origin_revoked(self, pool_id: str, origin_jti: str) -> bool:
        """Return whether the tokens of one sign-in were revoked."""
        if (pool_id, origin_jti) in self._unrevoked:
            return False
        generation = self._generation
        names = {"pool_id": pool_id, "origin_jti": origin_jti}
        found = await self._database.read(
            lambda connection: connection.execute(_REVOCATION, names).scalar_one_or_none()
        )
        if found is None and generation == self._generation:
            if len(self._unrevoked) >= MAX_CACHED:
                self._unrevoked.clear()
            self._unrevoked.add((pool_id, origin_jti))
        return found is not None

    def _remember(self, record: UserRecord, generation: int) -> None:
        """Keep what was read, unless something was committed while it was being read."""
        if generation != self._generation:
            return
        if len(self._records) >= MAX_CACHED:
            self._records.clear()
            self._subs.clear()
        self._records[record.pool_id, record.sub] = record
        for name in record.names:
            self._subs[record.pool_id, name] = record.sub

    def _forget(self, pool_id: str, sub: str) -> None:
        self._generation += 1
        record = self._records.pop((pool_id, sub), None)
        for name in record.names if record is not None else ():
            self._subs.pop((pool_id, name), None)

    def _forget_all(self) -> None:
        self._generation += 1
        self._records.clear()
        self._subs.clear()


def _read(connection: Connection, pool_id: str, sub: str) -> UserRecord | None:
    columns = pool_users.c
    query = select(columns.document).where(columns.pool_id == pool_id, columns.sub == sub)
    document = connection.execute(query).scalar_one_or_none()
    return None if document is None else _decoder.decode(document)


def _read_by_name(connection: Connection, pool_id: str, name: str) -> UserRecord | None:
    sub = _owner(connection, pool_id, name)
    return None if sub is None else _read(connection, pool_id, sub)


def _owner(connection: Connection, pool_id: str, name: str) -> str | None:
    columns = pool_user_names.c
    query = select(columns.sub).where(columns.pool_id == pool_id, columns.name == name)
    return connection.execute(query).scalar_one_or_none()


def _save(connection: Connection, record: UserRecord) -> None:
    columns = pool_users.c
    statement = update(pool_users).where(
        columns.pool_id == record.pool_id, columns.sub == record.sub
    )
    connection.execute(statement.values(document=msgspec.json.encode(record)))


def _index(connection: Connection, before: UserRecord | None, after: UserRecord) -> None:
    """Write what a user is searched by, as far as it changed."""
    old = {} if before is None else searchable_values(before)
    new = searchable_values(after)
    columns = pool_user_search.c
    own = (columns.pool_id == after.pool_id) & (columns.sub == after.sub)
    stale = [name for name in old if new.get(name) != old[name]]
    if stale:
        connection.execute(delete(pool_user_search).where(own, columns.attribute.in_(stale)))
    rows = [
        {"pool_id": after.pool_id, "sub": after.sub, "attribute": name, "value": value}
        for name, value in new.items()
        if old.get(name) != value
    ]
    if rows:
        connection.execute(insert(pool_user_search), rows)


def _drop_names(connection: Connection, pool_id: str, names: Sequence[str]) -> None:
    columns = pool_user_names.c
    connection.execute(
        delete(pool_user_names).where(columns.pool_id == pool_id, columns.name.in_(names))
    )


def _take_names(
    connection: Connection, record: UserRecord, names: Sequence[str], *, displace: bool
) -> None:
    for name in names:
        owner_sub = _owner(connection, record.pool_id, name)
        if owner_sub is not None and not displace:
            raise NameTakenError(name)
        if owner_sub is not None:
            _displace(connection, record.pool_id, owner_sub, name)
        row = {"pool_id": record.pool_id, "name": name, "sub": record.sub}
        connection.execute(insert(pool_user_names).values(row))


def _displace(connection: Connection, pool_id: str, owner_sub: str, name: str) -> None:
    """Take an alias from its owner, whose attribute is then no longer verified."""
    owner = _read(connection, pool_id, owner_sub)
    if owner is None:
        raise NameTakenError(name)
    attribute = name.partition(":")[0]
    attributes = dict(owner.attributes)
    if f"{attribute}_verified" in attributes:
        attributes[f"{attribute}_verified"] = "false"
    # the address itself stays the owner's, so what the owner is searched by does too
    kept = tuple(other for other in owner.names if other != name)
    _save(connection, msgspec.structs.replace(owner, attributes=attributes, names=kept))
    _drop_names(connection, pool_id, [name])
