"""What the pre token generation trigger changes in tokens.

Source: Cognito Developer Guide, "Pre token generation Lambda trigger" (documented): version 1
changes the ID token alone, later versions both tokens and the scopes of the access token.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from keyfob.services.cognito_idp import errors

_FIXED = frozenset(
    {
        "acr", "amr", "at_hash", "auth_time", "azp", "cognito:username", "exp", "iat",
        "identities", "iss", "jti", "nbf", "nonce", "origin_jti", "sub", "token_use", "event_id",
        "username", "client_id", "device_key", "version", "aud",
    }
)  # fmt: skip
"""Claims no function changes; documented. `aud` of an access token is the exception."""

_GROUP_CLAIMS = {
    "groupsToOverride": "cognito:groups",
    "iamRolesToOverride": "cognito:roles",
    "preferredRole": "cognito:preferred_role",
}


@dataclass(frozen=True, slots=True)
class ClaimChanges:
    """What becomes of the claims of one token."""

    added: Mapping[str, Any] = field(default_factory=dict)
    suppressed: frozenset[str] = frozenset()

    def apply(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        """Return claims after the changes; those that are fixed stay as they are."""
        kept = {
            name: value
            for name, value in claims.items()
            if name in _FIXED or name not in self.suppressed
        }
        added = {name: value for name, value in self.added.items() if name not in _FIXED}
        return kept | added


@dataclass(frozen=True, slots=True)
class TokenChanges:
    """What becomes of both tokens."""

    identity: ClaimChanges = field(default_factory=ClaimChanges)
    access: ClaimChanges = field(default_factory=ClaimChanges)
    scopes_added: tuple[str, ...] = ()
    scopes_suppressed: frozenset[str] = frozenset()
    groups: Mapping[str, Any] = field(default_factory=dict)
    """Group claims that take the place of the user's; None: the claim goes."""

    def of_identity(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        """Return the claims of the ID token."""
        return self.identity.apply(_present({**claims, **self.groups}))

    def of_access(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        """Return the claims of the access token."""
        groups = {name: self.groups[name] for name in self.groups if name == "cognito:groups"}
        changed = self.access.apply(_present({**claims, **groups}))
        scopes = [each for each in claims["scope"].split() if each not in self.scopes_suppressed]
        scopes += [each for each in self.scopes_added if each not in scopes]
        return {**changed, "scope": " ".join(scopes)}


def read_changes(details: object, version: str) -> TokenChanges:
    """Return what a function answered.

    Args:
        details: `claimsOverrideDetails` or `claimsAndScopeOverrideDetails`; None: nothing.
        version: of the event: `1`, `2` or `3`.

    Raises:
        AwsError: it has another form.
    """
    if details is None:
        return TokenChanges()
    members = _mapping(details)
    groups = _read_groups(_mapping(members.get("groupOverrideDetails")))
    if version == "1":
        return TokenChanges(identity=_read_claims(members, only_texts=True), groups=groups)
    access = _mapping(members.get("accessTokenGeneration"))
    return TokenChanges(
        identity=_read_claims(_mapping(members.get("idTokenGeneration"))),
        access=_read_claims(access),
        scopes_added=_texts(access.get("scopesToAdd")),
        scopes_suppressed=frozenset(_texts(access.get("scopesToSuppress"))),
        groups=groups,
    )


def _read_claims(members: Mapping[str, Any], *, only_texts: bool = False) -> ClaimChanges:
    added = _mapping(members.get("claimsToAddOrOverride"))
    if only_texts and not all(isinstance(value, str) for value in added.values()):
        raise errors.invalid_lambda_response()
    return ClaimChanges(added, frozenset(_texts(members.get("claimsToSuppress"))))


def _read_groups(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the group claims a function sets; once it sets one, the others go (documented)."""
    if not members:
        return {}
    return {claim: members.get(member) or None for member, claim in _GROUP_CLAIMS.items()}


def _mapping(value: object) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise errors.invalid_lambda_response()
    return value


def _texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise errors.invalid_lambda_response()
    return tuple(value)


def _present(claims: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if value is not None}
