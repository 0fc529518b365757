"""One run of the server: lock the data, open the ports, announce them, serve, stop cleanly."""

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import uvloop

from keyfob.app.broker_settings import broker_settings, listener_settings
from keyfob.app.brokers import BrokerObserver, Brokers, BuildBroker
from keyfob.app.compose import Composition, Foundation
from keyfob.config import RootKey, Settings
from keyfob.core.clock import Clock, ManualClock, SystemClock
from keyfob.core.http import HttpRequest
from keyfob.core.ids import AccountId, Randomness, Region, SystemRandomness
from keyfob.core.secret import Secret
from keyfob.mqtt.broker import Broker
from keyfob.mqtt.broker.event_log import LogLevel
from keyfob.mqtt.ports import ReopenAuthorizer
from keyfob.server.admin import PREFIX, SIGNING_NAME, Admin
from keyfob.server.authentication import authenticate
from keyfob.server.listener import bind
from keyfob.server.mqtt import MqttGate
from keyfob.server.pipeline import Pipeline
from keyfob.server.server import Server
from keyfob.server.tls import ensure_certificates, server_context, server_names
from keyfob.services.iot.ports import EndpointAddress
from keyfob.signin.desk import Desk
from keyfob.signin.discovery import Discovery
from keyfob.signin.identity_pools import IdentityPoolDiscovery
from keyfob.signin.operations import PublicOperations
from keyfob.signin.routes import FRAGMENTS, SignInRoutes
from keyfob.sigv4 import SignatureError, to_aws_error
from keyfob.store.data_directory import DataDirectory, Endpoints
from keyfob.store.database import Database, MemoryDatabase, SqliteDatabase
from keyfob.store.journal import SqlJournal
from keyfob.store.schema import prepare_schema
from keyfob.tokens.keyring import Keyring

CRYPTO_THREADS = 4
"""Threads for what takes a millisecond or more: SRP and the making of keys."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that serves."""

    endpoints: Endpoints
    composition: Composition


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code.

    Raises:
        ConfigError: the data directory or an address cannot be used.
    """
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
    )
    uvloop.run(_serve(settings))
    return 0


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    async with run(settings) as running:
        sys.stdout.write(_summary(running.endpoints, settings) + "\n")
        sys.stdout.flush()
        # Modules and tables live as long as the process: no collection need look at them again.
        gc.freeze()
        gc.enable()
        await stop.wait()


@asynccontextmanager
async def run(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Running]:
    """Serve for the body of the block.

    Args:
        settings: what to serve, where.
        clock: the time; the system's unless given (with `settings.dev`: one that can be moved).

    Raises:
        ConfigError: the data directory or an address cannot be used.
    """
    async with AsyncExitStack() as stack:
        data = DataDirectory(settings.data_directory)
        stack.callback(data.close)
        randomness = SystemRandomness()
        base = Foundation(
            settings=settings,
            root_key=_root_key(settings, data, randomness),
            database=_open_database(settings, data),
            keyring=Keyring([data.master_key(randomness)]),
            crypto=stack.enter_context(ThreadPoolExecutor(CRYPTO_THREADS, "keyfob-crypto")),
            clock=clock or (ManualClock(SystemClock()) if settings.dev else SystemClock()),
            randomness=randomness,
        )
        stack.push_async_callback(base.database.close)
        yield await _start(base, data, stack)


async def _start(base: Foundation, data: DataDirectory, stack: AsyncExitStack) -> Running:
    settings = base.settings
    brokers = Brokers(_broker_builder(base))
    files = ensure_certificates(data / "tls", server_names([settings.host]), base.clock.now())
    listening = bind(settings.host, settings.port)
    stack.callback(listening.close)
    port = int(listening.getsockname()[1])
    address = EndpointAddress(_public_host(settings.host), port)
    composition = Composition(base, brokers, address)
    stack.push_async_callback(composition.close)
    brokers.authorizer = composition.authorizer
    server = Server(
        respond=_build_pipeline(base, composition, brokers).respond,
        gate=MqttGate(brokers, composition.authorizer),
        credentials=composition.credentials,
        clock=base.clock,
        account=settings.account,
        region=settings.region,
        tls=server_context(files),
        mqtt_settings=lambda listener: listener_settings(settings, listener),
    )
    stack.push_async_callback(server.close)
    server.listen_on(listening)
    for extra in settings.listeners:
        server.listen_mqtt(extra)
    endpoints = Endpoints(
        endpoint_url=f"http://{_bracketed(address.host)}:{port}",
        https_endpoint_url=f"https://{_bracketed(address.host)}:{port}",
        mqtt_host=address.host,
        mqtt_port=port,
        ca_file=str(files.ca.absolute()),
        region=settings.region,
        account_id=settings.account,
        access_key_id=base.root_key.access_key_id,
        secret_access_key=base.root_key.secret_access_key.reveal(),
        pid=os.getpid(),
    )
    data.announce(endpoints)
    return Running(endpoints, composition)


def _build_pipeline(base: Foundation, composition: Composition, brokers: Brokers) -> Pipeline:
    async def authenticate_operator(request: HttpRequest):  # type: ignore[no-untyped-def]
        try:
            signer = await authenticate(
                composition.credentials, request, (SIGNING_NAME,), base.clock.now()
            )
        except SignatureError as error:
            raise to_aws_error(error, "rest-json") from error
        return signer.principal

    admin = Admin(
        authenticate_operator,
        composition.denials,
        composition.people,
        composition.mail,
        composition.explainer,
        base.clock if isinstance(base.clock, ManualClock) else None,
        BrokerObserver(brokers, composition.denials),
    )
    operations = PublicOperations(composition.user_pools, composition.authorizer)
    sign_in = SignInRoutes(Desk(composition.user_pools, operations), base.clock)
    identity_issuer = IdentityPoolDiscovery(composition.open_id_keys).handle
    return Pipeline(
        services=composition.services,
        authorizer=composition.authorizer,
        credentials=composition.credentials,
        access_tokens=composition.access_tokens,
        clock=base.clock,
        randomness=base.randomness,
        default_account=base.settings.account,
        default_region=base.settings.region,
        extra_routes={
            "/.well-known/jwks_uri": identity_issuer,
            "/.well-known/openid-configuration": identity_issuer,
            "/.well-known/": Discovery(composition.user_directory).handle,
            PREFIX: admin.respond,
            **dict.fromkeys(FRAGMENTS, sign_in.handle),
        },
    )


def _broker_builder(base: Foundation) -> BuildBroker:
    loop = asyncio.get_running_loop()
    settings = broker_settings(base.settings)

    def build(account: AccountId, region: Region, reopen: ReopenAuthorizer) -> Broker:
        return Broker(
            account=account,
            region=region,
            journal=SqlJournal(base.database, account, region),
            clock=base.clock,
            randomness=base.randomness,
            loop=loop,
            settings=settings,
            reopen=reopen,
            log_level=LogLevel(base.settings.mqtt_logs),
        )

    return build


def _open_database(settings: Settings, data: DataDirectory) -> Database:
    database = (
        MemoryDatabase()
        if settings.is_in_memory
        else SqliteDatabase(data / "keyfob.db", settings.durability)
    )
    prepare_schema(database.engine)
    return database


def _root_key(settings: Settings, data: DataDirectory, randomness: Randomness) -> RootKey:
    if settings.root_key is not None:
        return settings.root_key
    kept = data.root_key(randomness)
    return RootKey(kept.access_key_id, Secret(kept.secret_access_key))


def _public_host(host: str) -> str:
    """Return what clients call a listening address: wildcard addresses are reached locally."""
    return "localhost" if host in {"0.0.0.0", "::", "127.0.0.1", "::1"} else host  # noqa: S104


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _summary(endpoints: Endpoints, settings: Settings) -> str:
    data = settings.data_directory
    where = "in memory" if settings.is_in_memory else f"in {data}"
    return "\n".join(
        [
            f"keyfob serves on {endpoints.endpoint_url} (and {endpoints.https_endpoint_url})",
            f"  AWS APIs   region {endpoints.region}, account {endpoints.account_id}",
            f"  MQTT       {endpoints.mqtt_host}:{endpoints.mqtt_port}, TCP, TLS, ws and wss /mqtt",
            f"  CA         {endpoints.ca_file}",
            f"  state      {where}",
            f'  next       eval "$(keyfob env --data {data})"',
        ]
    )
