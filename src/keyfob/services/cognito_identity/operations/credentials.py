"""GetId and GetCredentialsForIdentity: the enhanced flow.

Neither takes a signature: the tokens in `Logins` are the proof, and for guests there is none.
Once an identity has its logins, credentials are had without writing anything.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.core.errors import AwsError
from keyfob.core.ids import new_regional_uuid
from keyfob.services.cognito_identity import errors
from keyfob.services.cognito_identity.dependencies import CognitoIdentityService
from keyfob.services.cognito_identity.domain.guest_policies import GUEST_SESSION_POLICIES
from keyfob.services.cognito_identity.domain.linking import (
    new_identity,
    resolve_with_identity,
    resolve_without_identity,
)
from keyfob.services.cognito_identity.domain.logins import VerifiedLogin, verify_logins
from keyfob.services.cognito_identity.domain.principal_tags import build_principal_tags
from keyfob.services.cognito_identity.domain.providers import OWN_PROVIDER
from keyfob.services.cognito_identity.domain.roles import (
    AUTHENTICATED,
    UNAUTHENTICATED,
    choose_authenticated_role,
    choose_guest_role,
    choose_role,
)
from keyfob.services.cognito_identity.operations.developer_credentials import (
    verify_developer_token,
)
from keyfob.services.cognito_identity.operations.ownership import require_identity, require_pool
from keyfob.services.cognito_identity.ports import TemporaryCredentials
from keyfob.store.ports.identities import (
    IdentityRecord,
    IdentityResolution,
    Login,
)
from keyfob.store.ports.identity_pools import IdentityPoolRecord

SESSION_NAME = "CognitoIdentityCredentials"
"""Session name of every identity (observed in IoT logs); only the context tells them apart."""

CREDENTIALS_DURATION_S = 3600
"""One hour, not configurable (documented)."""

_LOG = logging.getLogger(__name__)


async def get_id(service: CognitoIdentityService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Return the identity of a person, or a new one; a guest gets a new one each time.

    `AccountId` is taken and not compared: the pool's id alone names the pool.
    """
    pool = await require_pool(service, request.params["IdentityPoolId"])
    tokens = request.params.get("Logins") or {}
    if not tokens and not pool.allows_unauthenticated:
        raise errors.guests_not_supported()
    verified = await verify_logins(service, pool, tokens, request.now_s)
    logins = [login.login for login in verified]
    known = await service.identities.holders(pool.pool_id, logins)
    if len(known) == 1 and set(logins) <= set(known[0].logins):
        return {"IdentityId": known[0].identity_id}
    fresh = new_identity(
        new_regional_uuid(service.randomness, pool.region), pool.pool_id, logins, request.now_s
    )

    def decide(
        _named: IdentityRecord | None, holders: Sequence[IdentityRecord]
    ) -> IdentityResolution:
        return resolve_without_identity(fresh, holders, request.now_s, pool.developer_provider_name)

    identity = await service.identities.resolve(pool.pool_id, None, logins, decide)
    return {"IdentityId": identity.identity_id}


async def get_credentials_for_identity(
    service: CognitoIdentityService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Exchange login tokens for an hour of the role that the pool gives the person."""
    named, pool = await require_identity(service, request.params["IdentityId"])
    tokens = request.params.get("Logins") or {}
    if not tokens:
        require_guest(named, pool)
        session = _Session(choose_guest_role(pool), build_amr(None), {}, GUEST_SESSION_POLICIES)
        return _render(named, await _issue(service, pool, named, session, request.now_s))
    if OWN_PROVIDER in tokens:
        session = await _open_for_developer(service, pool, named, tokens, request.now_s)
        return _render(named, await _issue(service, pool, named, session, request.now_s))
    verified = await verify_logins(service, pool, tokens, request.now_s)
    identity = await link_logins(service, pool, named, verified, request.now_s)
    # the first login decides on role and tags
    session = _Session(
        choose_role(pool, verified[0], request.params.get("CustomRoleArn")),
        build_amr(verified),
        build_principal_tags(pool, verified[0]),
    )
    return _render(identity, await _issue(service, pool, identity, session, request.now_s))


@dataclass(frozen=True, slots=True)
class _Session:
    """The session that an identity gets."""

    role_arn: str
    amr: tuple[str, ...]
    principal_tags: Mapping[str, str]
    policies: tuple[str, ...] = ()


async def _open_for_developer(
    service: CognitoIdentityService,
    pool: IdentityPoolRecord,
    identity: IdentityRecord,
    tokens: Mapping[str, str],
    now_s: float,
) -> _Session:
    """Return the session of a developer's user, whose token names everything but the role."""
    if len(tokens) > 1:
        raise errors.invalid_parameter(f"{OWN_PROVIDER} must be the only login.")
    amr, tags = await verify_developer_token(service, pool, identity, tokens[OWN_PROVIDER], now_s)
    return _Session(choose_authenticated_role(pool), amr, tags)


def require_guest(identity: IdentityRecord, pool: IdentityPoolRecord) -> None:
    """Return if credentials may be had for an identity without a login.

    Raises:
        AwsError: `NotAuthorizedException`: it has logins, it is disabled, or there are no guests.
    """
    if identity.logins or identity.is_disabled:
        raise errors.identity_forbidden(identity.identity_id)
    if not pool.allows_unauthenticated:
        raise errors.guests_not_supported()


async def link_logins(
    service: CognitoIdentityService,
    pool: IdentityPoolRecord,
    named: IdentityRecord,
    verified: Sequence[VerifiedLogin],
    now_s: float,
) -> IdentityRecord:
    """Return the identity that verified logins lead to, linking or merging where they must be.

    Raises:
        AwsError: `NotAuthorizedException`, `ResourceConflictException`; see `domain.linking`.
    """
    logins: list[Login] = [login.login for login in verified]
    if not named.is_disabled and set(logins) <= set(named.logins):
        return named

    def decide(
        found: IdentityRecord | None, holders: Sequence[IdentityRecord]
    ) -> IdentityResolution:
        if found is None:
            raise errors.identity_not_found(named.identity_id)
        return resolve_with_identity(found, holders, logins, now_s, pool.developer_provider_name)

    return await service.identities.resolve(named.pool_id, named.identity_id, logins, decide)


def build_amr(verified: Sequence[VerifiedLogin] | None) -> tuple[str, ...]:
    """Return `amr`: how the identity was authenticated, and by whom."""
    if not verified:
        return (UNAUTHENTICATED,)
    return (AUTHENTICATED, *(entry for login in verified for entry in login.amr))


async def _issue(
    service: CognitoIdentityService,
    pool: IdentityPoolRecord,
    identity: IdentityRecord,
    session: _Session,
    now_s: float,
) -> TemporaryCredentials:
    """Assume the session's role.

    Raises:
        AwsError: `InvalidIdentityPoolConfigurationException` where the role does not let the
            identity in, `InvalidParameterException` for tags that STS does not take.
    """
    try:
        return await service.issuer.assume_role_with_web_identity(
            session.role_arn,
            session_name=SESSION_NAME,
            account=pool.account,
            audience=pool.pool_id,
            subject=identity.identity_id,
            amr=session.amr,
            principal_tags=session.principal_tags,
            session_policies=session.policies,
            duration_s=CREDENTIALS_DURATION_S,
            now_s=now_s,
        )
    except AwsError as refusal:
        if refusal.code == "ValidationError":
            raise errors.illegal_tags(refusal.message) from refusal
        _LOG.warning(
            "role %s refused identity pool %s: %s", session.role_arn, pool.pool_id, refusal
        )
        raise errors.invalid_configuration() from refusal


def _render(identity: IdentityRecord, issued: TemporaryCredentials) -> dict[str, Any]:
    return {
        "IdentityId": identity.identity_id,
        "Credentials": {
            "AccessKeyId": issued.access_key_id,
            "SecretKey": issued.secret_access_key.reveal(),
            "SessionToken": issued.session_token,
            "Expiration": issued.expires_at_s,
        },
    }
