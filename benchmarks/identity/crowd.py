"""A pool of 100 people against a pool of 100,000: the same calls, and how much slower they are.

Filling the large pool goes through the stores and takes some minutes.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import boto3
import msgspec

from benchmarks.apis.flow import REGION, Caller, Flow, set_up, sign_in_with_password
from benchmarks.apis.servers import Server
from keyfob.app.joints import ChangeRelay
from keyfob.core.clock import SystemClock
from keyfob.core.ids import Region, SystemRandomness, new_regional_uuid, new_uuid
from keyfob.services.cognito_identity.domain.linking import new_identity
from keyfob.store.database import SqliteDatabase
from keyfob.store.identities import SqlIdentityStore
from keyfob.store.ports.identities import IdentityRecord, IdentityResolution, Login
from keyfob.store.ports.users import UserRecord
from keyfob.store.users import SqlPoolUserStore
from keyfob.testing import ServerProcess

FEW = 100
BATCH = 500


@dataclass(frozen=True)
class Reachable:
    """What the calls need to know of a server."""

    name: str
    url: str
    port: int
    access_key_id: str
    secret_access_key: str


class _NobodyListens(ChangeRelay):
    async def identity_changed(self, identity_id: str) -> None:
        """There is no server while the pool is filled."""


def reach(process: ServerProcess) -> Server:
    """Return a running server as the calls want it."""
    endpoints = process.endpoints
    port = int(endpoints.endpoint_url.rpartition(":")[2])
    keys = (endpoints.access_key_id, endpoints.secret_access_key)
    return cast("Server", Reachable("keyfob", endpoints.endpoint_url, port, *keys))


async def fill(data: Path, flow: Flow, count: int) -> None:
    """Add `count` users and identities through the stores, copied from the one user there is."""
    database = SqliteDatabase(data / "keyfob.db", "process")
    users = SqlPoolUserStore(database, SystemClock())
    identities = SqlIdentityStore(database, _NobodyListens())
    model = (await users.list_users(flow.user_pool_id, after=None, limit=1)).items[0]
    for first in range(0, count, BATCH):
        batch = range(first, min(count, first + BATCH))
        await asyncio.gather(*(_add(users, identities, flow, model, number) for number in batch))
    await database.close()


async def _add(
    users: SqlPoolUserStore,
    identities: SqlIdentityStore,
    flow: Flow,
    model: UserRecord,
    number: int,
) -> None:
    randomness = SystemRandomness()
    sub = new_uuid(randomness)
    name = f"user-{number:06}"
    old = {model.username: name, model.sub: sub}
    names = tuple(_renamed(each, old) for each in model.names)
    await users.add(msgspec.structs.replace(model, sub=sub, username=name, names=names))
    pool_id = flow.identity_pool_id or ""
    login = Login(flow.provider, sub)
    identity_id = new_regional_uuid(randomness, Region(REGION))
    fresh = new_identity(identity_id, pool_id, [login], model.created_at_s)

    def decide(_named: IdentityRecord | None, _holders: object) -> IdentityResolution:
        return IdentityResolution(fresh, (fresh,))

    await identities.resolve(pool_id, None, (), decide)


def _renamed(name: str, old: dict[str, str]) -> str:
    for before, after in old.items():
        name = name.replace(before, after)
    return name


def prepare(server: Server, flow: Flow) -> dict[str, Callable[[], object]]:
    """Return the calls to compare."""
    caller = Caller(server)
    logins = {flow.provider: sign_in_with_password(caller, flow)["IdToken"]}
    pool = {"IdentityPoolId": flow.identity_pool_id, "Logins": logins}
    idp: Any = boto3.client(
        "cognito-idp",
        region_name=REGION,
        endpoint_url=server.url,
        aws_access_key_id=server.access_key_id,
        aws_secret_access_key=server.secret_access_key,
    )
    return {
        "ListUsers, 60": lambda: idp.list_users(UserPoolId=flow.user_pool_id, Limit=60),
        "GetId": lambda: caller.call("AWSCognitoIdentityService.GetId", pool),
        "InitiateAuth, password": lambda: sign_in_with_password(caller, flow),
    }


def measure_crowds(many: int, rounds: int, slice_s: float) -> None:
    """Print seconds per call with few and with many people, and the ratio."""
    with tempfile.TemporaryDirectory(prefix="bench-crowd-") as directory:
        processes, calls = [], []
        try:
            for count in (FEW, many):
                data = Path(directory) / str(count)
                with ServerProcess(data) as process:
                    flow = set_up(reach(process))
                begun = time.perf_counter()
                asyncio.run(fill(data, flow, count - 1))
                print(f"{count} users and identities: {time.perf_counter() - begun:.0f} s to add")
                processes.append(ServerProcess(data).start())
                calls.append(prepare(reach(processes[-1]), flow))
            print(f"{'milliseconds':28}{FEW:>10}{many:>10}{'ratio':>8}")
            for name in calls[0]:
                taken: list[list[float]] = [[], []]
                for _ in range(rounds):
                    for times, of in zip(taken, calls, strict=True):
                        times.append(_time(of[name], slice_s))
                few, crowd = (statistics.median(times) * 1000 for times in taken)
                print(f"{name:28}{few:10.2f}{crowd:10.2f}{crowd / few:8.2f}", flush=True)
        finally:
            for process in processes:
                process.stop()


def _time(call: Callable[[], object], slice_s: float) -> float:
    """Return seconds per call over one slice."""
    count, begun = 0, time.perf_counter()
    while (elapsed_s := time.perf_counter() - begun) < slice_s:
        call()
        count += 1
    return elapsed_s / count
