"""CloudFormation and SAM templates: the policies in them, and the facts around those.

Source: CloudFormation User Guide, "AWS resource and property types reference" (documented).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from keyfob.lint.errors import UnusableInputError
from keyfob.lint.intrinsics import as_function, logical_id, resolve
from keyfob.lint.json_reader import read_json
from keyfob.lint.node import Listing, Mapping, Node, Text, as_items
from keyfob.lint.overlap import OPAQUE
from keyfob.lint.subject import AppClient, ClaimMap, Surroundings
from keyfob.policy import PolicyKind

MAX_RESOURCES = 500
"""Resources in a template (documented: CloudFormation quotas)."""

_DEFAULT_CLAIMS = {"username": "sub", "client": "aud"}
_OPAQUE_PRINCIPALS = {
    "AWS": "arn:aws:iam::123456789012:root",
    "Federated": f"arn:aws:iam::123456789012:oidc-provider/{OPAQUE}",
    "Service": "opaque.amazonaws.com",
}
_WITH_POLICIES = frozenset({"AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"})
_ATTACHED = frozenset(
    {
        *("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"),
        *("AWS::IAM::UserPolicy", "AWS::IAM::GroupPolicy"),
    }
)
_TRUSTING = frozenset({"AWS::IAM::Role", "AWS::Serverless::Function"})


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of a template."""

    name: str
    """Logical id."""
    type: str
    place: Node
    properties: Mapping


@dataclass(frozen=True, slots=True)
class Embedded:
    """One policy in a template, its functions written out."""

    kind: PolicyKind
    tree: Mapping
    roles: frozenset[str]
    """Logical ids of the roles it is attached to."""


def is_template(tree: Mapping) -> bool:
    """Tell whether a document is a template."""
    return isinstance(tree.get("Resources"), Mapping)


def find_resources(tree: Mapping) -> tuple[Resource, ...]:
    """Return the resources of a template that have properties.

    Raises:
        UnusableInputError: more resources than a template may have.
    """
    found: list[Resource] = []
    resources = tree.get("Resources")
    members = resources.members if isinstance(resources, Mapping) else ()
    if len(members) > MAX_RESOURCES:
        raise UnusableInputError(f"more than {MAX_RESOURCES} resources", tree.line, tree.column)
    for name, value in members:
        if not isinstance(value, Mapping):
            continue
        type_, properties = value.get("Type"), value.get("Properties")
        if isinstance(type_, Text) and isinstance(properties, Mapping):
            found.append(Resource(name.text, type_.text, name, properties))
    return tuple(found)


def find_policies(resources: tuple[Resource, ...]) -> Iterator[Embedded]:
    """Yield the policies that can be read in the file.

    Raises:
        UnusableInputError: one is nested too deep, or is a text that is not JSON.
    """
    holders = _holders(resources)
    for resource in resources:
        for kind, node, roles in _documents(resource):
            tree = _read_policy(node)
            if tree is not None:
                yield Embedded(kind, tree, roles | holders.get(resource.name, frozenset()))


def find_surroundings(resources: tuple[Resource, ...]) -> Surroundings:
    """Return the facts that rules need of the whole template."""
    claim_maps = [
        _claim_map(one) for one in _of(resources, "AWS::Cognito::IdentityPoolPrincipalTag")
    ]
    return Surroundings(
        claim_maps=tuple(one for one in claim_maps if one is not None),
        has_unknown_claim_map=None in claim_maps,
        clients=tuple(_client(one) for one in _of(resources, "AWS::Cognito::UserPoolClient")),
        pool_roles=frozenset(_pool_roles(resources)),
        service_roles=frozenset(
            one.name for one in resources if one.type in _TRUSTING and _trusts_services_only(one)
        ),
        immutable=frozenset(_immutable(resources)),
    )


def _documents(resource: Resource) -> Iterator[tuple[PolicyKind, Node, frozenset[str]]]:
    properties = resource.properties
    own = frozenset({resource.name})
    trust = properties.get("AssumeRolePolicyDocument")
    document = properties.get("PolicyDocument")
    if resource.type in _TRUSTING and trust is not None:
        yield PolicyKind.TRUST, trust, own
    if resource.type in _WITH_POLICIES:
        for policy in as_items(properties.get("Policies")):
            inside = policy.get("PolicyDocument") if isinstance(policy, Mapping) else None
            if inside is not None:
                yield PolicyKind.IDENTITY, inside, own
    elif resource.type in _ATTACHED and document is not None:
        named = (*as_items(properties.get("Roles")), properties.get("RoleName"))
        roles = frozenset(name for name in map(logical_id, named) if name is not None)
        yield PolicyKind.IDENTITY, document, roles
    elif resource.type == "AWS::IoT::Policy" and document is not None:
        yield PolicyKind.IOT, document, frozenset()
    elif resource.type == "AWS::Serverless::Function":
        for policy in as_items(properties.get("Policies")):
            if isinstance(policy, Mapping) and policy.get("Statement") is not None:
                yield PolicyKind.IDENTITY, policy, own


def _holders(resources: tuple[Resource, ...]) -> dict[str, frozenset[str]]:
    """Return the roles that name a managed policy of the template, by the policy's logical id."""
    found: dict[str, frozenset[str]] = {}
    for role in _of(resources, "AWS::IAM::Role"):
        for node in as_items(role.properties.get("ManagedPolicyArns")):
            policy = logical_id(node)
            if policy is not None:
                found[policy] = found.get(policy, frozenset()) | {role.name}
    return found


def _read_policy(node: Node) -> Mapping | None:
    """Return a policy without functions; None when only CloudFormation knows it."""
    resolved = resolve(node)
    if isinstance(resolved, Text) and resolved.text.lstrip().startswith("{"):
        try:
            resolved = _pin(read_json(resolved.text), resolved)
        except UnusableInputError as error:
            raise UnusableInputError(error.message, node.line, node.column) from error
    if not isinstance(resolved, Mapping):
        return None
    return _fill_mapping(resolved)


def _pin(node: Node, place: Node) -> Node:
    """Put a policy that stands in a text at the place of that text."""
    line, column = place.line, place.column
    if isinstance(node, Listing):
        return Listing(line, column, tuple(_pin(item, place) for item in node.items))
    if isinstance(node, Mapping):
        members = tuple(
            (Text(line, column, name.text), _pin(value, place)) for name, value in node.members
        )
        return Mapping(line, column, members)
    return Text(line, column, node.text, node.is_text)


def _fill_mapping(document: Mapping) -> Mapping:
    """Write something acceptable where a whole resource, action or principal is opaque."""
    members: list[tuple[Text, Node]] = []
    for name, value in document.members:
        members.append((name, _fill(name.text, value)))
    return Mapping(document.line, document.column, tuple(members))


def _fill(element: str, node: Node) -> Node:
    if isinstance(node, Listing):
        items = tuple(_fill(element, item) for item in node.items)
        return Listing(node.line, node.column, items)
    if isinstance(node, Mapping):
        return _fill_mapping(node)
    if OPAQUE not in node.text:
        return node
    text = node.text
    if element in {"Resource", "NotResource"} and not text.startswith("arn:"):
        text = f"arn:aws:{OPAQUE}:::{OPAQUE}"
    elif element in {"Action", "NotAction"}:
        text = "*"
    elif element in _OPAQUE_PRINCIPALS:
        text = _OPAQUE_PRINCIPALS[element]
    return Text(node.line, node.column, text)


def _claim_map(resource: Resource) -> ClaimMap | None:
    properties = resource.properties
    user_pool = logical_id(properties.get("IdentityProviderName"))
    defaults = properties.get("UseDefaults")
    if isinstance(defaults, Text) and defaults.text.lower() == "true":
        return ClaimMap(user_pool, _DEFAULT_CLAIMS)
    tags = properties.get("PrincipalTags")
    if not isinstance(tags, Mapping) or as_function(tags) is not None:
        return None
    claims = {
        name.text: value.text
        for name, value in tags.members
        if isinstance(value, Text) and value.function is None
    }
    return ClaimMap(user_pool, claims) if len(claims) == len(tags.members) else None


def _client(resource: Resource) -> AppClient:
    writable = resource.properties.get("WriteAttributes")
    texts: tuple[Text, ...] | None = None
    if writable is not None:
        texts = tuple(one for one in as_items(writable) if isinstance(one, Text))
    return AppClient(resource.place, logical_id(resource.properties.get("UserPoolId")), texts)


def _pool_roles(resources: tuple[Resource, ...]) -> Iterator[str]:
    for attachment in _of(resources, "AWS::Cognito::IdentityPoolRoleAttachment"):
        roles = attachment.properties.get("Roles")
        for _name, value in roles.members if isinstance(roles, Mapping) else ():
            role = logical_id(value)
            if role is not None:
                yield role


def _trusts_services_only(resource: Resource) -> bool:
    trust = resource.properties.get("AssumeRolePolicyDocument")
    if trust is None:  # SAM gives a function's role the trust of Lambda
        return resource.type == "AWS::Serverless::Function"
    if not isinstance(trust, Mapping):
        return False
    principals = [
        one.get("Principal") for one in as_items(trust.get("Statement")) if isinstance(one, Mapping)
    ]
    return bool(principals) and all(
        isinstance(one, Mapping) and [name.text for name, _ in one.members] == ["Service"]
        for one in principals
    )


def _immutable(resources: tuple[Resource, ...]) -> Iterator[tuple[str, str]]:
    for pool in _of(resources, "AWS::Cognito::UserPool"):
        for attribute in as_items(pool.properties.get("Schema")):
            if not isinstance(attribute, Mapping):
                continue
            name, mutable = attribute.get("Name"), attribute.get("Mutable")
            is_fixed = isinstance(mutable, Text) and mutable.text.lower() == "false"
            if isinstance(name, Text) and is_fixed:
                yield pool.name, name.text
                yield pool.name, f"custom:{name.text}"


def _of(resources: tuple[Resource, ...], type_: str) -> list[Resource]:
    return [resource for resource in resources if resource.type == type_]
