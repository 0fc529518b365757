"""The names users go by, as keys that are unique in a pool.

`username:<name>` and `sub:<sub>` always; `email:...`, `phone_number:...` where the pool lets
people sign in with them: at once when they are the usernames (`UsernameAttributes`), and once
verified when they are aliases (`AliasAttributes`). Source: Cognito Developer Guide, "Customizing
sign-in attributes" (documented).
"""

from collections.abc import Mapping

from keyfob.services.cognito_idp import errors
from keyfob.store.ports.user_pools import UserPoolRecord


def index_names(
    pool: UserPoolRecord, *, username: str, sub: str, attributes: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the keys by which a user is found; the first is the username's."""
    kinds = [kind for kind in pool.username_attributes if attributes.get(kind)]
    kinds += [kind for kind in pool.alias_attributes if _is_usable_alias(kind, attributes)]
    aliases = [f"{kind}:{_fold(pool, attributes[kind])}" for kind in kinds]
    return (f"username:{_fold(pool, username)}", f"sub:{sub}", *aliases)


def candidate_names(pool: UserPoolRecord, text: str) -> tuple[str, ...]:
    """Return the keys that a text typed as a user name may stand for, the likeliest first."""
    folded = _fold(pool, text)
    kinds = (*pool.username_attributes, *pool.alias_attributes)
    return (f"username:{folded}", *(f"{kind}:{folded}" for kind in kinds), f"sub:{text}")


def choose_username(
    pool: UserPoolRecord, text: str, sub: str, attributes: Mapping[str, str]
) -> tuple[str, dict[str, str]]:
    """Return the real username of a new user, and its attributes.

    In a pool whose usernames are e-mail addresses or telephone numbers the real one is the `sub`
    and what was typed becomes the attribute.

    Raises:
        AwsError: the text is not of the form the pool asks for.
    """
    chosen = dict(attributes)
    if not pool.username_attributes:
        if "email" in pool.alias_attributes and _looks_like_email(text):
            raise errors.username_is_email()
        return text, chosen
    for attribute in pool.username_attributes:
        if _fits(attribute, text):
            chosen[attribute] = text
            return sub, chosen
    raise errors.username_must_be(pool.username_attributes)


def _is_usable_alias(attribute: str, attributes: Mapping[str, str]) -> bool:
    is_verified = attributes.get(f"{attribute}_verified") == "true"
    return bool(attributes.get(attribute)) and (is_verified or attribute == "preferred_username")


def _fits(attribute: str, text: str) -> bool:
    if attribute == "email":
        return _looks_like_email(text)
    return text.startswith("+") and text[1:].isdecimal() and text.isascii()


def _looks_like_email(text: str) -> bool:
    local, _, domain = text.partition("@")
    return bool(local and domain) and "@" not in domain


def _fold(pool: UserPoolRecord, text: str) -> str:
    return text if pool.is_case_sensitive else text.lower()
