"""Reading the `Principal` and `NotPrincipal` elements.

Source: IAM User Guide, "AWS JSON policy elements: Principal" (documented: no wildcards in a
part of a name). `*` under another type than `AWS` is refused (inferred).
"""

import re

from keyfob.policy.document import PrincipalName
from keyfob.policy.errors import PolicyError, quote
from keyfob.policy.json_text import JsonObject
from keyfob.policy.parse_patterns import read_texts
from keyfob.policy.principal import EVERYONE, normalise_principal

_FORMS = {
    "AWS": re.compile(
        r"\*|[0-9]{12}|A(IDA|ROA)[A-Z0-9]{12,}"
        r"|arn:[^:*?]+:(iam|sts)::[0-9]{12}:(root|[a-z-]+/[^*?]+)"
    ),
    "Service": re.compile(r"[A-Za-z0-9.-]+\.[A-Za-z0-9.-]+"),
    "Federated": re.compile(r"[A-Za-z0-9.-]+|arn:[^:*?]+:iam::[0-9]{12}:[a-z-]+/[^*?]+"),
    "CanonicalUser": re.compile(r"[0-9a-f]{64}"),
}
_EXPECTED = {
    "AWS": "`*`, an account id or the arn of an account, user, role or session",
    "Service": "a service's host name",
    "Federated": "a provider's host name or arn",
    "CanonicalUser": "64 hexadecimal digits",
}


def parse_principals(value: object, path: str) -> tuple[PrincipalName, ...]:
    """Read the element.

    Raises:
        PolicyError: an unknown type, an ill-formed name, or no name at all.
    """
    if value == "*":
        return (EVERYONE,)
    if not isinstance(value, JsonObject) or not value:
        raise PolicyError("a principal is `*` or an object with at least one type", path)
    if value.duplicate is not None:
        raise PolicyError(f"the member {quote(value.duplicate)} is there twice", path)
    names: list[PrincipalName] = []
    for type_, listed in value.items():
        form = _FORMS.get(type_)
        if form is None:
            expected = ", ".join(f"`{name}`" for name in _FORMS)
            raise PolicyError(f"{quote(type_)} is not a type of principal: {expected}", path)
        for text, place in read_texts(listed, f"{path}.{type_}"):
            if not form.fullmatch(text):
                expected = _EXPECTED[type_]
                raise PolicyError(f"{quote(text)} is not a principal: {expected}", place)
            names.append(normalise_principal(type_, text))
    return tuple(names)
