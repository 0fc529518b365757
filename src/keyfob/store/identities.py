"""Identities in SQL, those in use held in memory; the index of logins is a table of its own."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from keyfob.authz.ports import PolicyChanges
from keyfob.store.announcement import write_and_tell
from keyfob.store.database import Database
from keyfob.store.ports.identities import IdentityRecord, IdentityResolution, Login, Resolve
from keyfob.store.tables.identities import identities, identity_logins

MAX_CACHED = 10_000
"""Identities remembered; beyond it the memory starts over."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(IdentityRecord).decode

# Built once: building a statement takes longer than SQLite takes to answer it.
_BY_ID = select(identities.c.document).where(identities.c.identity_id == bindparam("identity_id"))
_BY_LOGIN = (
    select(identities.c.document)
    .join(identity_logins, identity_logins.c.identity_id == identities.c.identity_id)
    .where(
        identity_logins.c.pool_id == bindparam("pool_id"),
        identity_logins.c.provider == bindparam("provider"),
        identity_logins.c.subject == bindparam("subject"),
    )
)


class SqlIdentityStore:
    """An `IdentityStore`."""

    def __init__(self, database: Database, changes: PolicyChanges) -> None:
        """Tell `changes` of identities that were deleted, disabled or merged."""
        self._database = database
        self._changes = changes
        self._records: dict[str, IdentityRecord] = {}
        self._holders: dict[tuple[str, Login], str] = {}
        self._generation = 0

    async def get(self, identity_id: str) -> IdentityRecord | None:
        """Return an identity, or None."""
        known = self._records.get(identity_id)
        if known is not None:
            return known
        generation = self._generation
        record = await self._database.read(lambda connection: _read(connection, identity_id))
        self._remember(() if record is None else (record,), generation)
        return record

    async def holders(self, pool_id: str, logins: Sequence[Login]) -> Sequence[IdentityRecord]:
        """Return the identities of a pool that any of the logins belongs to, each once."""
        known = {
            self._records.get(self._holders.get((pool_id, login), "")): None for login in logins
        }
        if None not in known:
            return [record for record in known if record is not None]
        generation = self._generation
        records = await self._database.read(
            lambda connection: _read_holders(connection, pool_id, logins)
        )
        self._remember(records, generation)
        return records

    async def identity_changed(self, identity_id: str) -> None:
        """Forget what was read of an identity, and pass the news on."""
        self._generation += 1
        record = self._records.pop(identity_id, None)
        if record is not None:
            for login in record.logins:
                self._holders.pop((record.pool_id, login), None)
        await self._changes.identity_changed(identity_id)

    async def resolve(
        self, pool_id: str, identity_id: str | None, logins: Sequence[Login], decide: Resolve
    ) -> IdentityRecord:
        """Read, decide and keep in one transaction, so that concurrent callers agree."""

        def work(connection: Connection) -> IdentityResolution:
            named = None if identity_id is None else _read(connection, identity_id)
            resolution = decide(named, _read_holders(connection, pool_id, logins))
            _keep(connection, resolution.changed)
            return resolution

        async def tell(resolution: IdentityResolution) -> None:
            for changed in resolution.changed:
                await self.identity_changed(changed.identity_id)

        return (await write_and_tell(self._database, work, tell)).identity

    async def delete(self, identity_ids: Sequence[str]) -> Sequence[str]:
        """Delete identities and their logins at once; return the ids that there were."""
        query = (
            delete(identities)
            .where(identities.c.identity_id.in_(identity_ids))
            .returning(identities.c.identity_id)
        )

        def work(connection: Connection) -> list[str]:
            return [row.identity_id for row in connection.execute(query)]

        async def tell(gone: list[str]) -> None:
            for identity_id in gone:
                await self.identity_changed(identity_id)

        return await write_and_tell(self._database, work, tell)

    async def page(
        self, pool_id: str, *, after: str, limit: int, has_disabled: bool
    ) -> Sequence[IdentityRecord]:
        """Return up to `limit` identities in the order of their ids, those after `after`."""
        query = (
            select(identities.c.document)
            .where(identities.c.pool_id == pool_id, identities.c.identity_id > after)
            .order_by(identities.c.identity_id)
            .limit(limit)
        )
        if not has_disabled:
            query = query.where(identities.c.is_disabled.is_(False))
        return await self._database.read(
            lambda connection: [_decode(row.document) for row in connection.execute(query)]
        )

    async def find_by_subject(self, subject: str) -> Sequence[IdentityRecord]:
        """Return the identities of all pools that a person with this `sub` has."""
        query = (
            select(identities.c.document)
            .join(identity_logins, identity_logins.c.identity_id == identities.c.identity_id)
            .where(identity_logins.c.subject == subject)
            .distinct()
        )
        return await self._database.read(
            lambda connection: [_decode(row.document) for row in connection.execute(query)]
        )

    def _remember(self, records: Sequence[IdentityRecord], generation: int) -> None:
        """Keep what was read, unless something was committed while it was being read."""
        if generation != self._generation:
            return
        for record in records:
            if len(self._records) >= MAX_CACHED:
                self._records.clear()
                self._holders.clear()
            self._records[record.identity_id] = record
            for login in record.logins:
                self._holders[record.pool_id, login] = record.identity_id


def _read(connection: Connection, identity_id: str) -> IdentityRecord | None:
    document = connection.execute(_BY_ID, {"identity_id": identity_id}).scalar_one_or_none()
    return None if document is None else _decode(document)


def _read_holders(
    connection: Connection, pool_id: str, logins: Sequence[Login]
) -> list[IdentityRecord]:
    holders: dict[str, IdentityRecord] = {}
    for login in logins:
        key = {"pool_id": pool_id, "provider": login.provider, "subject": login.subject}
        document = connection.execute(_BY_LOGIN, key).scalar_one_or_none()
        if document is not None:
            identity = _decode(document)
            holders[identity.identity_id] = identity
    return list(holders.values())


def _keep(connection: Connection, changed: Sequence[IdentityRecord]) -> None:
    """Write records whole; logins are removed first, for one may move between two of them."""
    for identity in changed:
        connection.execute(
            delete(identity_logins).where(identity_logins.c.identity_id == identity.identity_id)
        )
    for identity in changed:
        values = {"is_disabled": identity.is_disabled, "document": _encode(identity)}
        found = connection.execute(
            update(identities)
            .where(identities.c.identity_id == identity.identity_id)
            .values(values)
        )
        if found.rowcount == 0:
            connection.execute(
                insert(identities).values(
                    identity_id=identity.identity_id, pool_id=identity.pool_id, **values
                )
            )
        for login in identity.logins:
            connection.execute(
                insert(identity_logins).values(
                    pool_id=identity.pool_id,
                    provider=login.provider,
                    subject=login.subject,
                    identity_id=identity.identity_id,
                )
            )
