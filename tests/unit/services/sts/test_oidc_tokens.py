from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from tests.unit.services.sts.fakes import ACCOUNT, NOW_S, ROLE_ARN, Sts, make_role, trust

from keyfob.core.errors import AwsError
from keyfob.core.ids import AccountId
from keyfob.services.sts import CognitoTokenVerifier, WebIdentities
from keyfob.services.sts.issuer import WebIdentityRequest
from keyfob.services.sts.oidc_tokens import SOURCE_IDENTITY_CLAIM
from keyfob.services.sts.ports import VerifiedWebIdentity
from keyfob.tokens.errors import KeysUnavailableError
from keyfob.tokens.issue import sign_jwt
from keyfob.tokens.jwks import KeySet, public_key_set
from keyfob.tokens.keys import SigningKey, generate_signing_key

URL = "idp.example.com/realm"
ARN = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{URL}"
TAGS = "https://aws.amazon.com/tags"
BAD_TAGS: dict[str, Any] = {TAGS: {"principal_tags": {"team": [7]}}}


@cache
def key(name: str) -> SigningKey:
    return generate_signing_key()


@dataclass
class Provider:
    arn: str = ARN
    url: str = URL
    client_ids: tuple[str, ...] = ("app",)


class Providers:
    async def find(self, provider_arn: str) -> Provider | None:
        return Provider() if provider_arn == ARN else None


class Keys:
    async def public_keys(self, issuer: str, kid: str | None) -> KeySet:
        if "unreachable" in issuer:
            raise KeysUnavailableError(issuer, "no network")
        return public_key_set([key(issuer.removeprefix("https://"))])


class Cognito:
    async def public_keys(self) -> KeySet:
        return public_key_set([key("cognito")])

    async def account_of(self, pool_id: str, identity_id: str) -> AccountId | None:
        return ACCOUNT if pool_id == "pool" else None


IDENTITIES = WebIdentities(CognitoTokenVerifier(Cognito()), Providers(), Keys())


def token(signer: str = URL, /, **changes: Any) -> str:
    claims = {
        "iss": f"https://{URL}",
        "aud": "app",
        "sub": "ann",
        "exp": int(NOW_S) + 60,
        **changes,
    }
    return sign_jwt(
        {name: value for name, value in claims.items() if value is not None}, key(signer)
    )


async def verify(text: str, account: AccountId = ACCOUNT) -> VerifiedWebIdentity:
    return await IDENTITIES.verify(text, account, NOW_S)


async def test_a_registered_providers_token_names_its_arn() -> None:
    carried = {"principal_tags": {"team": ["blue"]}, "transitive_tag_keys": ["team"]}
    extra: dict[str, Any] = {TAGS: carried, SOURCE_IDENTITY_CLAIM: "ann"}
    found = await verify(
        token(
            azp="web",
            amr=["pwd"],
            **extra,
        )
    )
    assert found == VerifiedWebIdentity(
        URL, "web", "ann", ACCOUNT, ("pwd",), {"team": "blue"}, ("team",), ARN, "ann"
    )
    assert found.principal == ARN


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (token(aud="other"), "Incorrect token audience"),
        (token(aud=None), "Incorrect token audience"),
        (token(aud=[1]), "not valid"),
        (token(exp=int(NOW_S)), "ExpiredTokenException"),
        (token(nbf=int(NOW_S) + 1), "not valid"),
        (token("forger"), "not valid"),
        (token(sub=None), "not valid"),
        (token(sub=""), "not valid"),
        (token(iss="https://elsewhere.example.com"), "No OpenIDConnect provider"),
        (token(iss=URL), "No OpenIDConnect provider"),
        (token(iss=None), "No OpenIDConnect provider"),
        (token(iss=7), "No OpenIDConnect provider"),
        ("a.b.c", "not valid"),
        (token(**BAD_TAGS), "not valid"),
    ],
)
async def test_refusals(text: str, message: str) -> None:
    with pytest.raises(AwsError, match=message):
        await verify(text)


async def test_a_provider_counts_in_its_own_account_only() -> None:
    with pytest.raises(AwsError, match="No OpenIDConnect provider"):
        await verify(token(), AccountId("210987654321"))


async def test_google_needs_no_registration_and_cognito_is_itself() -> None:
    for issuer in ("https://accounts.google.com", "accounts.google.com"):
        found = await verify(token("accounts.google.com", iss=issuer))
        assert (found.principal, found.audience) == ("accounts.google.com", "app")
    issuer = "https://cognito-identity.amazonaws.com"
    found = await verify(token("cognito", iss=issuer, aud="pool"))
    assert found.principal == "cognito-identity.amazonaws.com"
    with pytest.raises(AwsError, match="not valid"):
        await verify(token(URL, iss=issuer, aud="pool"))


async def test_the_trust_policy_names_the_arn_and_asks_by_the_url(sts: Sts) -> None:
    def let(**condition: Any) -> str:
        return trust(
            {
                "Effect": "Allow",
                "Principal": {"Federated": ARN},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": {f"{URL}:aud": "app", **condition}},
            }
        )

    async def assume(**changes: Any) -> None:
        identity = await verify(token(**changes))
        await sts.service.issuer.assume(WebIdentityRequest(ROLE_ARN, "app", identity, NOW_S))

    sts.roles.put(make_role(let()))
    await assume()
    with pytest.raises(AwsError, match="sts:SetSourceIdentity"):
        await assume(**{"https://aws.amazon.com/source_identity": "ann"})
    with pytest.raises(AwsError, match="sts:TagSession"):
        await assume(**{TAGS: {"principal_tags": {"team": "blue"}}})
    sts.roles.put(make_role(let(**{f"{URL}:sub": "ben"})))
    with pytest.raises(AwsError, match="AccessDenied"):
        await assume()
    sts.roles.put(make_role(let().replace(ARN, URL)))
    with pytest.raises(AwsError, match="AccessDenied"):
        await assume()
