"""The chain from a user pool to a role: trust policies, claim maps, app clients."""

from collections.abc import Iterator

from keyfob.lint.keys import COGNITO, PRINCIPAL_TAG
from keyfob.lint.rule import Hit, Rule, Severity
from keyfob.lint.subject import AppClient, ClaimMap, Subject, Surroundings, covers, is_allow
from keyfob.policy import PolicyKind
from keyfob.policy.document import PrincipalName, Statement
from keyfob.policy.errors import quote

_ASSUME, _TAG = "sts:assumerolewithwebidentity", "sts:tagsession"
_COGNITO_PRINCIPAL = PrincipalName("Federated", COGNITO)
_STANDARD = frozenset(
    {
        *("name", "family_name", "given_name", "middle_name", "nickname", "preferred_username"),
        *("profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale"),
        *("updated_at", "address", "email", "phone_number"),
    }
)


def check_tag_session(subject: Subject) -> Iterator[Hit]:
    """Report trust in Cognito that sessions with tags cannot use."""
    tagging = any(covers(one, _TAG) for one in _cognito_statements(subject))
    for statement in _assumable(subject):
        if not tagging:
            yield Hit(
                f"{statement.path}.Action",
                "without `sts:TagSession` the role refuses every session with principal tags",
                "add `sts:TagSession` to the actions",
            )


def check_audience(subject: Subject) -> Iterator[Hit]:
    """Report trust in every identity pool there is."""
    for statement in _assumable(subject):
        if not _asks(statement, f"{COGNITO}:aud"):
            yield Hit(
                statement.path,
                "without a condition on `cognito-identity.amazonaws.com:aud` every identity pool "
                "of every account may take the role",
                "add `StringEquals` on `cognito-identity.amazonaws.com:aud` with the pool's id",
            )


def check_authenticated(subject: Subject) -> Iterator[Hit]:
    """Report trust that does not tell guests from users."""
    for statement in _assumable(subject):
        if not _asks(statement, f"{COGNITO}:amr"):
            yield Hit(
                statement.path,
                "without a condition on `cognito-identity.amazonaws.com:amr` guests may take the "
                "role as well as users",
                "add `ForAnyValue:StringLike` on `cognito-identity.amazonaws.com:amr` with "
                "`authenticated` or `unauthenticated`",
            )


def check_unmapped_tag(subject: Subject) -> Iterator[Hit]:
    """Report principal tags that no claim map of the template sets."""
    around = subject.surroundings
    if around is None or around.has_unknown_claim_map or not _is_of_users(subject, around):
        return
    mapped = {tag.lower() for claim_map in around.claim_maps for tag in claim_map.claims}
    for template, path in subject.templates():
        for variable in template.variables:
            tag = variable.lookup.removeprefix(PRINCIPAL_TAG)
            if variable.lookup.startswith(PRINCIPAL_TAG) and tag not in mapped:
                yield Hit(
                    path,
                    f"no claim map in this template sets the principal tag {quote(tag)}, so this "
                    "matches nothing",
                    "map a claim to the tag in an `AWS::Cognito::IdentityPoolPrincipalTag`",
                )


def check_writable_claim(around: Surroundings) -> Iterator[Hit]:
    """Report app clients that may write an attribute a claim map makes a principal tag."""
    for client in around.clients:
        for claim_map in around.claim_maps:
            if None in (claim_map.user_pool, client.user_pool) or (
                claim_map.user_pool == client.user_pool
            ):
                yield from _writable(client, claim_map, around)


def _writable(client: AppClient, claim_map: ClaimMap, around: Surroundings) -> Iterator[Hit]:
    claims = {
        claim: tag
        for claim, tag in claim_map.tags.items()
        if _is_attribute(claim) and (client.user_pool, claim) not in around.immutable
    }
    if client.writable is None:
        for claim, tag in list(claims.items())[:1]:
            yield Hit(
                client.place,
                f"an app client without `WriteAttributes` writes what the pool has, {quote(claim)} "
                f"too, which becomes the principal tag {quote(tag)}",
                f"list `WriteAttributes` without {quote(claim)}, or make the attribute immutable",
            )
        return
    for attribute in client.writable:
        if attribute.text in claims:
            yield Hit(
                attribute,
                f"users may write {quote(attribute.text)}, which becomes their principal tag "
                f"{quote(claims[attribute.text])}, so they choose what they may do",
                f"take {quote(attribute.text)} from `WriteAttributes`, or make the attribute "
                "immutable",
            )


def _cognito_statements(subject: Subject) -> list[Statement]:
    if subject.kind is not PolicyKind.TRUST:
        return []
    return [
        statement
        for statement in subject.statements
        if is_allow(statement) and _COGNITO_PRINCIPAL in statement.principals
    ]


def _assumable(subject: Subject) -> list[Statement]:
    return [one for one in _cognito_statements(subject) if covers(one, _ASSUME)]


def _asks(statement: Statement, key: str) -> bool:
    return any(
        condition.key.lower() == key
        and not condition.operator.is_null_check
        and not condition.operator.is_negative
        and not condition.is_if_exists
        for condition in statement.conditions
    )


def _is_of_users(subject: Subject, around: Surroundings) -> bool:
    """Tell whether identities of an identity pool hold the policy, as far as one can see."""
    if subject.roles:
        return not subject.roles.isdisjoint(around.pool_roles)
    return bool(around.pool_roles) or bool(around.claim_maps)


def _is_attribute(claim: str) -> bool:
    return claim.startswith("custom:") or claim in _STANDARD


def _nowhere(_subject: Subject) -> Iterator[Hit]:
    """Report nothing: the rule is about the template, not one of its policies."""
    return iter(())


WRITABLE_CLAIM = Rule(
    "KF505",
    "writable-claim",
    Severity.ERROR,
    "Users may write the attribute that becomes their principal tag",
    _nowhere,
)

RULES = (
    Rule(
        "KF501",
        "trust-without-tag-session",
        Severity.WARNING,
        "A trust policy for Cognito without `sts:TagSession`",
        check_tag_session,
    ),
    Rule(
        "KF502",
        "trust-without-aud",
        Severity.ERROR,
        "A trust policy for Cognito without the audience",
        check_audience,
    ),
    Rule(
        "KF503",
        "trust-without-amr",
        Severity.ERROR,
        "A trust policy for Cognito that takes guests for users",
        check_authenticated,
    ),
    Rule(
        "KF504",
        "unmapped-principal-tag",
        Severity.ERROR,
        "A principal tag that no claim map sets",
        check_unmapped_tag,
    ),
    WRITABLE_CLAIM,
)
"""Source: Cognito Developer Guide, `iam-roles`, `attributes-for-access-control`; IAM User Guide,
`id_session-tags` (documented)."""
