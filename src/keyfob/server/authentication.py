"""Who signed a request: the one place where a SigV4 signature becomes a principal."""

from collections.abc import Collection
from dataclasses import dataclass

from keyfob.authz.errors import ExpiredCredentialError, UnknownCredentialError
from keyfob.authz.ports import CredentialLookup
from keyfob.authz.principal import SigningPrincipal
from keyfob.core.http import HttpRequest
from keyfob.core.ids import Region
from keyfob.sigv4 import (
    Claim,
    ExpiredTokenError,
    MissingSignatureError,
    SignatureMismatchError,
    find_claim,
    reject_unknown_key,
    verify,
)


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed, and for which region."""

    principal: SigningPrincipal
    region: Region


async def authenticate(
    credentials: CredentialLookup, request: HttpRequest, services: Collection[str], now_s: float
) -> Signer:
    """Return the principal whose access key signed `request`.

    Args:
        credentials: the access keys there are.
        request: the request as it came.
        services: signing names that fit what is called.
        now_s: the time in epoch seconds.

    Raises:
        SignatureError: no signature, or one that does not hold; `sigv4.to_aws_error` renders it.
    """
    claim = find_claim(request)
    if claim is None:
        raise MissingSignatureError
    _require_service(claim, services)
    try:
        credential = await credentials.find(claim.access_key_id, claim.session_token, now_s)
    except UnknownCredentialError:
        reject_unknown_key(request, claim, now_s)
    except ExpiredCredentialError:
        raise ExpiredTokenError from None
    verify(request, claim, credential.secret, now_s)
    region = Region(claim.scope.region)
    credential.note_use(region, claim.scope.service)
    return Signer(credential.principal, region)


def _require_service(claim: Claim, services: Collection[str]) -> None:
    """A signing key is good for one service (text observed with STS and IAM)."""
    if claim.scope.service not in services:
        expected = next(iter(services))
        raise SignatureMismatchError(
            f"Credential should be scoped to correct service: '{expected}'."
        )
