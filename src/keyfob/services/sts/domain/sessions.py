"""Role session credentials: made, and found again, without a table of sessions.

The session token is a sealed value that carries the whole session, the secret included, so issuing
writes nothing, every node that has the keyring can check it, and a restart ends nobody's session.
What ends one early is asked elsewhere: the role's existence and policies, the identity's.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from keyfob.authz.errors import ExpiredCredentialError, UnknownCredentialError
from keyfob.authz.ports import Credential
from keyfob.authz.principal import RoleSession, WebIdentity
from keyfob.core.ids import AccountId, Randomness, new_secret_access_key, new_unique_id
from keyfob.core.secret import Secret
from keyfob.services.sts.domain.session_tags import merge_over_role_tags
from keyfob.services.sts.ports import RoleFacts
from keyfob.tokens.errors import SealError
from keyfob.tokens.sealed import Sealer

SESSION_TOKEN_PURPOSE = "sts session token"  # noqa: S105 - the name of a purpose
MAX_SESSION_TOKEN_LENGTH = 65_536
"""Longer texts are not opened; the largest session that can be issued stays far below."""

_MAX_UNPACKED_BYTES = 262_144


class _WebIdentityFacts(msgspec.Struct, frozen=True, array_like=True):
    provider: str
    audience: str
    subject: str
    amr: tuple[str, ...]
    provider_arn: str | None = None


class _SessionFacts(msgspec.Struct, frozen=True, array_like=True):
    """What a session token carries; new members go to the end, with a default."""

    access_key_id: str
    secret_access_key: str
    account: str
    role_arn: str
    role_name: str
    role_id: str
    session_name: str
    issued_at_s: float
    expires_at_s: float
    tags: dict[str, str]
    transitive_tag_keys: tuple[str, ...]
    session_policies: tuple[str, ...]
    source_identity: str | None
    web_identity: _WebIdentityFacts | None


@dataclass(frozen=True, slots=True)
class SessionGrant:
    """A session that was decided on: every check is done."""

    role: RoleFacts
    session_name: str
    issued_at_s: float
    duration_s: int
    tags: Mapping[str, str] = field(default_factory=dict)
    """Session tags; the role's are merged under them when the session is issued."""
    transitive_tag_keys: tuple[str, ...] = ()
    session_policies: tuple[str, ...] = ()
    source_identity: str | None = None
    web_identity: WebIdentity | None = None


@dataclass(frozen=True, slots=True)
class IssuedCredentials:
    """Temporary credentials as the client gets them."""

    access_key_id: str
    secret_access_key: Secret[str]
    session_token: str
    expires_at_s: float


class SessionCredentials:
    """Issues role session credentials; a `CredentialLookup` for ASIA keys."""

    def __init__(self, sealer: Sealer, randomness: Randomness) -> None:
        """Seal tokens with `sealer`; keys and secrets come from `randomness`."""
        self._sealer = sealer
        self._randomness = randomness
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(_SessionFacts)

    def issue(self, grant: SessionGrant) -> IssuedCredentials:
        """Return new credentials for a session; nothing is written."""
        facts = _SessionFacts(
            access_key_id=new_unique_id(self._randomness, "ASIA"),
            secret_access_key=new_secret_access_key(self._randomness),
            account=grant.role.account,
            role_arn=grant.role.arn,
            role_name=grant.role.name,
            role_id=grant.role.role_id,
            session_name=grant.session_name,
            # AWS gives whole seconds; the token says what the answer says
            issued_at_s=float(int(grant.issued_at_s)),
            expires_at_s=float(int(grant.issued_at_s) + grant.duration_s),
            tags=merge_over_role_tags(grant.role.tags, grant.tags),
            transitive_tag_keys=grant.transitive_tag_keys,
            session_policies=grant.session_policies,
            source_identity=grant.source_identity,
            web_identity=_pack_web_identity(grant.web_identity),
        )
        # deflated: the token travels in URLs, and session policies are long and repetitive
        packed = zlib.compress(self._encoder.encode(facts), 1)
        return IssuedCredentials(
            facts.access_key_id,
            Secret(facts.secret_access_key),
            self._sealer.seal(SESSION_TOKEN_PURPOSE, packed),
            facts.expires_at_s,
        )

    async def find(self, access_key_id: str, session_token: str | None, now_s: float) -> Credential:
        """Return the session that a token carries.

        Raises:
            UnknownCredentialError: no token, one that was not sealed here, or another key's.
            ExpiredCredentialError: the session is over.
        """
        if session_token is None or len(session_token) > MAX_SESSION_TOKEN_LENGTH:
            raise UnknownCredentialError("an ASIA key needs its session token")
        facts = self._open(session_token)
        if facts.access_key_id != access_key_id:
            raise UnknownCredentialError("the session token belongs to another access key")
        if now_s >= facts.expires_at_s:
            raise ExpiredCredentialError("the session has expired")
        return Credential(Secret(facts.secret_access_key), _to_principal(facts))

    def _open(self, session_token: str) -> _SessionFacts:
        try:
            packed = self._sealer.open(SESSION_TOKEN_PURPOSE, session_token)
            inflater = zlib.decompressobj()
            return self._decoder.decode(inflater.decompress(packed, _MAX_UNPACKED_BYTES))
        except (SealError, zlib.error, msgspec.DecodeError):
            raise UnknownCredentialError("the session token cannot be opened") from None


def _pack_web_identity(identity: WebIdentity | None) -> _WebIdentityFacts | None:
    if identity is None:
        return None
    return _WebIdentityFacts(
        identity.provider,
        identity.audience,
        identity.subject,
        identity.amr,
        identity.provider_arn,
    )


def _to_principal(facts: _SessionFacts) -> RoleSession:
    web = facts.web_identity
    return RoleSession(
        account=AccountId(facts.account),
        role_name=facts.role_name,
        role_arn=facts.role_arn,
        role_id=facts.role_id,
        session_name=facts.session_name,
        access_key_id=facts.access_key_id,
        issued_at_s=facts.issued_at_s,
        expires_at_s=facts.expires_at_s,
        tags=facts.tags,
        transitive_tag_keys=facts.transitive_tag_keys,
        session_policies=facts.session_policies,
        source_identity=facts.source_identity,
        web_identity=None
        if web is None
        else WebIdentity(web.provider, web.audience, web.subject, web.amr, web.provider_arn),
    )
