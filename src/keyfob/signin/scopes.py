"""Scopes: which of those asked for are granted.

Source: Cognito Developer Guide, "Authorize endpoint" (documented): those that the client is not
allowed are left out without a word; with none asked for, all it is allowed; `phone`, `email` and
`profile` come with `openid` alone. "Token endpoint": a machine is granted custom scopes only.
"""

from keyfob.services.cognito_idp.domain.oauth_claims import OPEN_ID
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.store.ports.user_pools import ClientRecord

_STANDARD = frozenset({OPEN_ID, "email", "phone", "profile", "aws.cognito.signin.user.admin"})
_WITH_OPEN_ID = frozenset({"email", "phone", "profile"})


async def user_scopes(
    service: UserPools, client: ClientRecord, asked: str | None
) -> tuple[str, ...]:
    """Return the scopes that somebody signing in through a client is granted.

    Args:
        service: the user pools.
        client: the client.
        asked: scopes separated by blanks; None: all.
    """
    allowed = await _allowed(service, client)
    granted = [each for each in _wanted(allowed, asked) if each in allowed]
    if OPEN_ID not in granted:
        granted = [each for each in granted if each not in _WITH_OPEN_ID]
    return tuple(granted)


async def machine_scopes(
    service: UserPools, client: ClientRecord, asked: str | None
) -> tuple[str, ...] | None:
    """Return the scopes a client is granted for itself; None where it may not have them."""
    allowed = [each for each in await _allowed(service, client) if each not in _STANDARD]
    wanted = _wanted(allowed, asked)
    if not wanted or any(each not in allowed for each in wanted):
        return None
    return wanted


async def _allowed(service: UserPools, client: ClientRecord) -> list[str]:
    """Return the client's scopes that exist."""
    return [
        each
        for each in client.settings.get("AllowedOAuthScopes", ())
        if each in _STANDARD or await _exists(service, client.pool_id, each)
    ]


async def _exists(service: UserPools, pool_id: str, scope: str) -> bool:
    identifier, _, name = scope.rpartition("/")
    server = await service.resource_servers.get(pool_id, identifier)
    return server is not None and name in server.scopes


def _wanted(allowed: list[str], asked: str | None) -> tuple[str, ...]:
    names = allowed if asked is None else asked.split()
    return tuple(dict.fromkeys(names))
