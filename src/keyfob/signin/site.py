"""Whose sign-in pages a request is for: by host name, or by path where names do not resolve.

<domain>.auth.localhost              browsers resolve it to this machine
<domain>.auth.<region>.amazoncognito.com
auth.example.com                     a pool's own domain
/_signin/<domain or pool id>/...     any host
"""

import re
from dataclasses import dataclass

from keyfob.core.http import HttpRequest
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.user_pools import UserPoolRecord

PREFIX = "/_signin/"

_HOST = re.compile(r"([a-z0-9-]{1,63})\.auth\.(?:localhost|([a-z0-9-]+)\.amazoncognito\.com)")


@dataclass(frozen=True, slots=True)
class Site:
    """The sign-in pages of one pool, at one address."""

    pool: UserPoolRecord
    base: str
    """What all its paths begin with; empty where it has a host of its own."""

    @property
    def cookie_path(self) -> str:
        """The path its cookies are for."""
        return f"{self.base}/"


async def find_site(service: UserPools, request: HttpRequest) -> tuple[Site, str] | None:
    """Return the site a request is for and the path within it, None where it is for none."""
    if request.path.startswith(PREFIX):
        key, slash, rest = request.path.removeprefix(PREFIX).partition("/")
        pool = await _pool_of_key(service, key) if slash else None
        return None if pool is None else (Site(pool, f"{PREFIX}{key}"), f"/{rest}")
    pool = await _pool_of_host(service, request.header("host") or "")
    return None if pool is None else (Site(pool, ""), request.path)


async def _pool_of_key(service: UserPools, key: str) -> UserPoolRecord | None:
    if "_" in key:
        return await service.pools.get(key)
    domain = await service.domains.get(key)
    return None if domain is None else await service.pools.get(domain.pool_id)


async def _pool_of_host(service: UserPools, host: str) -> UserPoolRecord | None:
    name = host.lower().rpartition(":")[0] or host.lower()
    match = _HOST.fullmatch(name)
    domain = await service.domains.get(name if match is None else match[1])
    if domain is None or ("CustomDomainConfig" in domain.settings) != (match is None):
        return None
    pool = await service.pools.get(domain.pool_id)
    if pool is None or match is None:
        return pool
    return pool if match[2] in (None, pool.region) else None
