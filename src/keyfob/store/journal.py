"""The MQTT broker's journal in SQL.

One `commit` is one `Database.write`. Entries are applied in order, consecutive entries of one kind
by one statement; a message that was queued and settled within the same commit is never written. A
message's body is kept once, under the first of its journal numbers, until no session waits for it.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import (
    Connection,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    select,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

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
from keyfob.store.database import Database, DatabaseBusyError
from keyfob.store.tables.broker import (
    mqtt_messages,
    mqtt_queue,
    mqtt_received,
    mqtt_retained,
    mqtt_sessions,
    mqtt_subscriptions,
)

_decoder = msgspec.msgpack.Decoder(StoredMessage)
_will_decoder = msgspec.msgpack.Decoder(StoredWill)
Row = dict[str, Any]
_NUMBERS_A_STATEMENT = 500


class SqlJournal:
    """The journal of one account's broker in one region; it implements `mqtt.ports.Journal`."""

    def __init__(self, database: Database, account: AccountId, region: Region) -> None:
        """Keep everything in `database`, under the account and region."""
        self._database = database
        self._place: Row = {"account": account, "region": region}

    async def load(self) -> tuple[tuple[StoredSession, ...], tuple[StoredMessage, ...]]:
        """Return the sessions, and the retained messages, as last committed."""
        return await self._database.read(self._load)

    async def commit(self, entries: Sequence[JournalEntry]) -> None:
        """Make the entries durable, all or none.

        Raises:
            OSError: the database could not keep them.
        """
        try:
            await self._database.write(lambda connection: self._apply(connection, entries))
        except (SQLAlchemyError, DatabaseBusyError) as error:
            raise OSError(f"the journal could not be written: {error}") from error

    def _load(
        self, connection: Connection
    ) -> tuple[tuple[StoredSession, ...], tuple[StoredMessage, ...]]:
        subscriptions = self._load_subscriptions(connection)
        queued = self._load_queues(connection)
        received: dict[str, list[int]] = {}
        for row in connection.execute(select(mqtt_received).where(self._here(mqtt_received))):
            received.setdefault(row.client_id, []).append(row.packet_id)
        sessions = tuple(
            StoredSession(
                client_id=row.client_id,
                expires_at_s=row.expires_at_s,
                expiry_interval_s=row.expiry_interval_s,
                subscriptions=tuple(subscriptions.get(row.client_id, ())),
                messages=tuple(queued.get(row.client_id, ())),
                sent_up_to=row.sent_up_to,
                received=tuple(received.get(row.client_id, ())),
                will=None if row.will is None else _will_decoder.decode(row.will),
                will_at_s=row.will_at_s,
            )
            for row in connection.execute(select(mqtt_sessions).where(self._here(mqtt_sessions)))
        )
        documents = connection.execute(
            select(mqtt_retained.c.document).where(self._here(mqtt_retained))
        ).scalars()
        return sessions, tuple(map(_decoder.decode, documents))

    def _load_subscriptions(self, connection: Connection) -> dict[str, list[StoredSubscription]]:
        found: dict[str, list[StoredSubscription]] = {}
        for row in connection.execute(
            select(mqtt_subscriptions).where(self._here(mqtt_subscriptions))
        ):
            found.setdefault(row.client_id, []).append(
                StoredSubscription(
                    row.topic_filter, row.qos, row.options, row.identifier, row.matches_parent
                )
            )
        return found

    def _load_queues(self, connection: Connection) -> dict[str, list[StoredDelivery]]:
        bodies = {
            row.body: _decoder.decode(row.document)
            for row in connection.execute(select(mqtt_messages).where(self._here(mqtt_messages)))
        }
        found: dict[str, list[StoredDelivery]] = {}
        waiting = select(mqtt_queue).where(self._here(mqtt_queue)).order_by(mqtt_queue.c.number)
        for row in connection.execute(waiting):
            message = None if row.is_received else bodies[row.body]
            found.setdefault(row.client_id, []).append(
                StoredDelivery(row.number, row.packet_id, message)
            )
        return found

    def _here(self, table: Table) -> Any:
        """Return the condition that a row belongs to this account and region."""
        return and_(*(table.c[name] == value for name, value in self._place.items()))

    def _apply(self, connection: Connection, entries: Sequence[JournalEntry]) -> None:
        appliers: dict[type, Callable[[Connection, list[Any]], None]] = {
            SessionOpened: self._open,
            SessionClosed: self._close,
            SessionEnded: self._end,
            Subscribed: self._subscribe,
            Unsubscribed: self._unsubscribe,
            MessageQueued: self._queue,
            MessagesSettled: self._settle,
            MessageReceived: self._receive,
            PublishTaken: self._take,
            PublishReleased: self._release,
            WillSettled: self._settle_will,
            Retained: self._retain,
            RetainedCleared: self._clear,
        }
        for kind, group in groupby(_without_settled(entries), type):
            appliers[kind](connection, list(group))

    def _open(self, connection: Connection, entries: list[SessionOpened]) -> None:
        for entry in entries:
            if entry.clean:
                self._forget(connection, entry.client_id)
            will = None if entry.will is None else msgspec.msgpack.encode(entry.will)
            row = {
                "expiry_interval_s": entry.expiry_interval_s,
                "expires_at_s": None,
                "sent_up_to": 0,
                "will": will,
                "will_at_s": None,
            }
            self._replace(connection, mqtt_sessions, {"client_id": entry.client_id}, row)

    def _close(self, connection: Connection, entries: list[SessionClosed]) -> None:
        for entry in entries:
            values: Row = {"expires_at_s": entry.expires_at_s, "sent_up_to": entry.sent_up_to}
            values["will_at_s"] = entry.will_at_s
            if entry.will_at_s is None:
                values["will"] = None
            self._change_session(connection, entry.client_id, values)

    def _settle_will(self, connection: Connection, entries: list[WillSettled]) -> None:
        for entry in entries:
            self._change_session(connection, entry.client_id, {"will": None, "will_at_s": None})

    def _change_session(self, connection: Connection, client_id: str, values: Row) -> None:
        connection.execute(
            update(mqtt_sessions)
            .where(self._here(mqtt_sessions), mqtt_sessions.c.client_id == client_id)
            .values(**values)
        )

    def _end(self, connection: Connection, entries: list[SessionEnded]) -> None:
        for entry in entries:
            self._forget(connection, entry.client_id)

    def _forget(self, connection: Connection, client_id: str) -> None:
        for table in (mqtt_sessions, mqtt_subscriptions, mqtt_received):
            connection.execute(
                delete(table).where(self._here(table), table.c.client_id == client_id)
            )
        bodies = (
            connection.execute(
                delete(mqtt_queue)
                .where(self._here(mqtt_queue), mqtt_queue.c.client_id == client_id)
                .returning(mqtt_queue.c.body)
            )
            .scalars()
            .all()
        )
        self._drop_bodies(connection, bodies)

    def _subscribe(self, connection: Connection, entries: list[Subscribed]) -> None:
        for entry in entries:
            kept = entry.subscription
            key = {"client_id": entry.client_id, "topic_filter": kept.topic_filter}
            row = {
                "qos": kept.qos,
                "options": kept.options,
                "identifier": kept.identifier,
                "matches_parent": kept.matches_parent,
            }
            self._replace(connection, mqtt_subscriptions, key, row)

    def _unsubscribe(self, connection: Connection, entries: list[Unsubscribed]) -> None:
        for entry in entries:
            connection.execute(
                delete(mqtt_subscriptions).where(
                    self._here(mqtt_subscriptions),
                    mqtt_subscriptions.c.client_id == entry.client_id,
                    mqtt_subscriptions.c.topic_filter == entry.topic_filter,
                )
            )

    def _queue(self, connection: Connection, entries: list[MessageQueued]) -> None:
        bodies: list[Row] = []
        rows: list[Row] = []
        for entry in entries:
            body = entry.receivers[0][1]
            document = msgspec.msgpack.encode(entry.message)
            bodies.append({**self._place, "body": body, "document": document})
            rows.extend(
                {
                    **self._place,
                    "client_id": client_id,
                    "number": number,
                    "body": body,
                    "packet_id": packet_id,
                    "is_received": False,
                }
                for client_id, number, packet_id in entry.receivers
            )
        connection.execute(insert(mqtt_messages), bodies)
        connection.execute(insert(mqtt_queue), rows)

    def _settle(self, connection: Connection, entries: list[MessagesSettled]) -> None:
        columns = mqtt_queue.c
        settled: dict[str, list[int]] = {}
        for entry in entries:
            settled.setdefault(entry.client_id, []).extend(entry.numbers)
        bodies: set[int] = set()
        for client_id, numbers in settled.items():
            for start in range(0, len(numbers), _NUMBERS_A_STATEMENT):
                are_the_rows = and_(
                    self._here(mqtt_queue),
                    columns.client_id == client_id,
                    columns.number.in_(numbers[start : start + _NUMBERS_A_STATEMENT]),
                )
                gone = delete(mqtt_queue).where(are_the_rows).returning(columns.body)
                bodies.update(connection.execute(gone).scalars())
        self._drop_bodies(connection, bodies)

    def _receive(self, connection: Connection, entries: list[MessageReceived]) -> None:
        for entry in entries:
            connection.execute(
                update(mqtt_queue)
                .where(
                    self._here(mqtt_queue),
                    mqtt_queue.c.client_id == entry.client_id,
                    mqtt_queue.c.number == entry.number,
                )
                .values(is_received=True)
            )

    def _take(self, connection: Connection, entries: list[PublishTaken]) -> None:
        for entry in entries:
            key = {"client_id": entry.client_id, "packet_id": entry.packet_id}
            connection.execute(insert(mqtt_received).values(**self._place, **key))

    def _release(self, connection: Connection, entries: list[PublishReleased]) -> None:
        for entry in entries:
            connection.execute(
                delete(mqtt_received).where(
                    self._here(mqtt_received),
                    mqtt_received.c.client_id == entry.client_id,
                    mqtt_received.c.packet_id == entry.packet_id,
                )
            )

    def _drop_bodies(self, connection: Connection, bodies: Iterable[int]) -> None:
        """Delete those of the bodies that no session waits for any more."""
        columns = mqtt_messages.c
        is_awaited = exists().where(
            self._here(mqtt_queue), mqtt_queue.c.body == bindparam("p_body")
        )
        keys = [{"p_body": body} for body in set(bodies)]
        if keys:
            connection.execute(
                delete(mqtt_messages).where(
                    self._here(mqtt_messages), columns.body == bindparam("p_body"), ~is_awaited
                ),
                keys,
            )

    def _retain(self, connection: Connection, entries: list[Retained]) -> None:
        for entry in entries:
            row = {"document": msgspec.msgpack.encode(entry.message)}
            self._replace(connection, mqtt_retained, {"topic": entry.message.topic}, row)

    def _clear(self, connection: Connection, entries: list[RetainedCleared]) -> None:
        for entry in entries:
            connection.execute(
                delete(mqtt_retained).where(
                    self._here(mqtt_retained), mqtt_retained.c.topic == entry.topic
                )
            )

    def _replace(self, connection: Connection, table: Table, key: Row, values: Row) -> None:
        """Update the row of a key, or insert it."""
        is_the_row = and_(
            self._here(table), *(table.c[name] == value for name, value in key.items())
        )
        if not connection.execute(update(table).where(is_the_row).values(**values)).rowcount:
            connection.execute(insert(table).values(**self._place, **key, **values))


def _without_settled(entries: Sequence[JournalEntry]) -> Iterable[JournalEntry]:
    """Leave out the messages that are queued and settled within the same entries."""
    queued = {
        (client_id, number)
        for entry in entries
        if isinstance(entry, MessageQueued)
        for client_id, number, _ in entry.receivers
    }
    settled = {
        (entry.client_id, number)
        for entry in entries
        if isinstance(entry, MessagesSettled)
        for number in entry.numbers
    }
    passing = queued & settled
    for entry in entries:
        if isinstance(entry, MessageQueued):
            receivers = tuple(r for r in entry.receivers if r[:2] not in passing)
            if receivers:
                yield MessageQueued(entry.message, receivers)
        elif isinstance(entry, MessagesSettled):
            numbers = tuple(n for n in entry.numbers if (entry.client_id, n) not in passing)
            if numbers:
                yield MessagesSettled(entry.client_id, numbers)
        else:
            yield entry
