import zlib

import pytest
from tests.unit.services.sts.fakes import (
    ACCOUNT,
    COGNITO,
    COGNITO_TRUST,
    IDENTITY_ID,
    NOW_S,
    POOL_ID,
    Sts,
    make_role,
)

from keyfob.authz.errors import ExpiredCredentialError, UnknownCredentialError
from keyfob.authz.principal import RoleSession, WebIdentity
from keyfob.core.ids import SystemRandomness
from keyfob.services.sts.domain.sessions import (
    SESSION_TOKEN_PURPOSE,
    SessionCredentials,
    SessionGrant,
)
from keyfob.tokens.keyring import Keyring
from keyfob.tokens.sealed import Sealer

GRANT = SessionGrant(
    role=make_role(COGNITO_TRUST, tags={"Tenant": "role", "team": "a"}),
    session_name="CognitoIdentityCredentials",
    issued_at_s=NOW_S + 0.7,
    duration_s=3600,
    tags={"tenant": "7"},
    transitive_tag_keys=("tenant",),
    session_policies=('{"Version":"2012-10-17"}',),
    source_identity="alice",
    web_identity=WebIdentity(COGNITO, POOL_ID, IDENTITY_ID, ("authenticated", "p")),
)


async def test_a_session_is_found_again_as_it_was_granted(sts: Sts) -> None:
    issued = sts.sessions.issue(GRANT)
    found = await sts.sessions.find(issued.access_key_id, issued.session_token, NOW_S + 10)
    assert found.secret.reveal() == issued.secret_access_key.reveal()
    assert found.principal == RoleSession(
        account=ACCOUNT,
        role_name="Building",
        role_arn=GRANT.role.arn,
        role_id="AROABUILDING",
        session_name="CognitoIdentityCredentials",
        access_key_id=issued.access_key_id,
        issued_at_s=NOW_S,
        expires_at_s=NOW_S + 3600,
        tags={"team": "a", "tenant": "7"},
        transitive_tag_keys=("tenant",),
        session_policies=GRANT.session_policies,
        source_identity="alice",
        web_identity=GRANT.web_identity,
    )


async def test_a_session_survives_a_restart_with_the_same_keyring(sts: Sts, sealer: Sealer) -> None:
    issued = sts.sessions.issue(GRANT)
    restarted = SessionCredentials(Sealer(Keyring([b"n" * 32, b"k" * 32])), SystemRandomness())
    found = await restarted.find(issued.access_key_id, issued.session_token, NOW_S)
    assert found.secret.reveal() == issued.secret_access_key.reveal()


def test_every_session_has_its_own_key_and_secret(sts: Sts) -> None:
    issued = [sts.sessions.issue(GRANT) for _ in range(20)]
    assert len({each.access_key_id for each in issued}) == 20
    assert len({each.secret_access_key.reveal() for each in issued}) == 20
    assert all(each.access_key_id.startswith("ASIA") for each in issued)
    assert "Secret(...)" in repr(issued[0])
    assert issued[0].secret_access_key.reveal() not in issued[0].session_token


async def test_a_session_ends_on_its_second(sts: Sts) -> None:
    issued = sts.sessions.issue(GRANT)
    await sts.sessions.find(issued.access_key_id, issued.session_token, NOW_S + 3599.9)
    with pytest.raises(ExpiredCredentialError):
        await sts.sessions.find(issued.access_key_id, issued.session_token, NOW_S + 3600)


async def test_a_token_opens_for_its_own_access_key_only(sts: Sts) -> None:
    one, other = sts.sessions.issue(GRANT), sts.sessions.issue(GRANT)
    with pytest.raises(UnknownCredentialError):
        await sts.sessions.find(one.access_key_id, other.session_token, NOW_S)
    with pytest.raises(UnknownCredentialError):
        await sts.sessions.find(one.access_key_id, None, NOW_S)


async def test_every_changed_character_of_a_token_is_noticed(sts: Sts) -> None:
    issued = sts.sessions.issue(GRANT)
    token = issued.session_token
    for index in range(0, len(token), 7):
        changed = token[:index] + ("A" if token[index] != "A" else "B") + token[index + 1 :]
        with pytest.raises(UnknownCredentialError):
            await sts.sessions.find(issued.access_key_id, changed, NOW_S)


@pytest.mark.parametrize("token", ["", "garbage", "\u00e4", "A" * 100_000])
async def test_garbage_is_unknown(sts: Sts, token: str) -> None:
    with pytest.raises(UnknownCredentialError):
        await sts.sessions.find("ASIAAAAAAAAAAAAAAAAA", token, NOW_S)


async def test_values_sealed_for_other_purposes_or_of_other_shape_are_unknown(
    sts: Sts, sealer: Sealer
) -> None:
    issued = sts.sessions.issue(GRANT)
    packed = sealer.open(SESSION_TOKEN_PURPOSE, issued.session_token)
    tokens = [
        sealer.seal("refresh token", packed),
        sealer.seal(SESSION_TOKEN_PURPOSE, b"not deflated"),
        sealer.seal(SESSION_TOKEN_PURPOSE, zlib.compress(b"\x93\x01\x02\x03")),
        sealer.seal(SESSION_TOKEN_PURPOSE, zlib.compress(b"\x00" * 10_000_000)),
    ]
    for token in tokens:
        with pytest.raises(UnknownCredentialError):
            await sts.sessions.find(issued.access_key_id, token, NOW_S)
