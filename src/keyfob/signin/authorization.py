"""What an application asks for when it sends a browser here.

Source: Cognito Developer Guide, "Authorize endpoint" (documented); RFC 6749 and RFC 7636 for what
is refused. Until client and address are known to belong together nobody is sent anywhere.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.signin.errors import PageError, RedirectError
from keyfob.signin.parameters import Parameters
from keyfob.signin.redirects import Target, is_registered
from keyfob.signin.scopes import user_scopes
from keyfob.signin.site import Site
from keyfob.store.ports.user_pools import ClientRecord

MAX_NONCE_LENGTH = 2_048
"""A nonce goes into the ID token; inferred."""

_CARRIED = (
    "client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge",
    "code_challenge_method", "prompt", "login_hint", "lang", "identity_provider",
)  # fmt: skip
"""Parameters that go along from page to page."""

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
"""An S256 challenge: 32 bytes in base64url (RFC 7636, 4.2)."""

_FLOWS = {"code": "code", "token": "implicit"}
_LOCAL = "COGNITO"


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request that may be granted once somebody has signed in."""

    client: ClientRecord
    target: Target
    response_type: str
    """`code` or `token`."""
    scope: str
    """Scopes that will be granted, separated by blanks; never empty."""
    nonce: str
    challenge: str
    prompts: frozenset[str]
    login_hint: str
    query: str
    """The same request as a query, for links and forms."""
    settled_query: str
    """The same without `prompt`: the user has seen the page that it asks for."""


async def read_authorization(
    service: UserPools, site: Site, query: Parameters
) -> AuthorizationRequest:
    """Read and check what an application asks for.

    Raises:
        PageError: client or address are not known, so that nothing may be sent there.
        RedirectError: the application asks for what it cannot have.
    """
    client = await _read_client(service, site, query)
    response_type = query.text("response_type")
    target = _read_target(client, query, in_fragment=response_type == "token")
    _check_response_type(client, target, response_type)
    _check_provider(client, target, query)
    scope = " ".join(await user_scopes(service, client, query.get("scope")))
    if not scope:
        raise RedirectError(target, "invalid_scope", "the client may have none of the scopes")
    nonce = query.text("nonce")
    if len(nonce) > MAX_NONCE_LENGTH:
        raise RedirectError(target, "invalid_request", "the nonce is too long")
    return AuthorizationRequest(
        client=client,
        target=target,
        response_type=response_type,
        scope=scope,
        nonce=nonce,
        challenge=_read_challenge(target, query),
        prompts=_read_prompts(target, query),
        login_hint=query.text("login_hint"),
        query=_carry(query, _CARRIED),
        settled_query=_carry(query, (name for name in _CARRIED if name != "prompt")),
    )


def _carry(query: Parameters, names: Iterable[str]) -> str:
    return urlencode({name: query.text(name) for name in names if query.get(name)})


async def _read_client(service: UserPools, site: Site, query: Parameters) -> ClientRecord:
    client = await service.pools.get_client(query.text("client_id"))
    if client is None or client.pool_id != site.pool.pool_id:
        raise PageError("There is no such application.")
    if not client.settings.get("AllowedOAuthFlowsUserPoolClient"):
        raise PageError("This application does not use the sign-in pages.")
    return client


def _read_target(client: ClientRecord, query: Parameters, *, in_fragment: bool) -> Target:
    uri = query.text("redirect_uri")
    if not is_registered(client, "CallbackURLs", uri):
        raise PageError("The application did not register the address it wants to be called at.")
    return Target(uri, query.values.get("state"), in_fragment)


def _check_response_type(client: ClientRecord, target: Target, response_type: str) -> None:
    flow = _FLOWS.get(response_type)
    if flow is None:
        raise RedirectError(target, "unsupported_response_type", "it is code or token")
    if flow not in client.settings.get("AllowedOAuthFlows", ()):
        raise RedirectError(target, "unauthorized_client", "the client may not use this flow")


def _check_provider(client: ClientRecord, target: Target, query: Parameters) -> None:
    """Return if users of the pool itself may sign in; other providers are not asked."""
    if query.text("identity_provider") not in ("", _LOCAL):
        raise RedirectError(target, "invalid_request", "the identity provider is not supported")
    if _LOCAL not in client.settings.get("SupportedIdentityProviders", (_LOCAL,)):
        raise RedirectError(target, "invalid_request", "no identity provider is supported")


def _read_challenge(target: Target, query: Parameters) -> str:
    """Return the PKCE challenge, empty for none; `plain` is none of them (documented)."""
    challenge, method = query.text("code_challenge"), query.text("code_challenge_method")
    if not challenge and not method:
        return ""
    if method != "S256":
        raise RedirectError(target, "invalid_request", "code_challenge_method is S256")
    if _CHALLENGE.fullmatch(challenge) is None:
        raise RedirectError(target, "invalid_request", "code_challenge is a SHA-256 in base64url")
    return challenge


def _read_prompts(target: Target, query: Parameters) -> frozenset[str]:
    prompts = frozenset(query.text("prompt").split())
    if "none" in prompts and len(prompts) > 1:
        raise RedirectError(target, "invalid_request", "prompt=none goes with no other")
    return prompts
