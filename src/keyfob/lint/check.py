"""Running the rules over a policy or a file."""

from collections.abc import Iterable, Iterator

from keyfob.lint.errors import UnusableInputError
from keyfob.lint.json_reader import read_json
from keyfob.lint.kinds import find_kind
from keyfob.lint.node import Mapping, Node, Text, locate, render_json
from keyfob.lint.overlap import OPAQUE
from keyfob.lint.rule import Finding, Hit, Rule, Severity
from keyfob.lint.rules import grants, identity, names, topics, variables
from keyfob.lint.subject import Subject, Surroundings
from keyfob.lint.template import find_policies, find_resources, find_surroundings, is_template
from keyfob.lint.yaml_reader import read_yaml
from keyfob.policy import PolicyError, PolicyKind, parse_policy

GRAMMAR = Rule(
    "KF100", "grammar", Severity.ERROR, "A policy that AWS would not take", lambda _subject: ()
)
"""Reported by the parser; a policy that breaks it is looked at no further."""

RULES: tuple[Rule, ...] = (
    GRAMMAR,
    *names.RULES,
    *topics.RULES,
    *grants.RULES,
    *variables.RULES,
    *identity.RULES,
)
"""All rules in order of their ids."""

MAX_FILE_BYTES = 1_048_576
"""Largest file read: CloudFormation's own limit for a template (documented, quotas)."""


def lint_document(text: str, kind: PolicyKind, file: str = "<policy>") -> list[Finding]:
    """Lint one policy.

    Args:
        text: JSON text.
        kind: where it is to be attached.
        file: what findings call it.

    Raises:
        UnusableInputError: it is not JSON.
    """
    return _sorted(_lint_policy(text, read_json(text), kind, file))


def lint_file(content: bytes, file: str, kind: PolicyKind | None = None) -> list[Finding]:
    """Lint the content of a file: a policy, or every policy of a template.

    Args:
        content: UTF-8 text, JSON or YAML.
        file: what findings call it.
        kind: what a policy is for; found from what it says when not given. Templates say it.

    Raises:
        UnusableInputError: it is neither a policy nor a template.
    """
    if len(content) > MAX_FILE_BYTES:
        raise UnusableInputError(f"larger than {MAX_FILE_BYTES} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnusableInputError(f"not utf-8 at byte {error.start}") from error
    is_json = text.lstrip()[:1] in {"{", "["}
    tree = read_json(text) if is_json else read_yaml(text)
    if isinstance(tree, Mapping) and is_template(tree):
        return _sorted(_lint_template(tree, file))
    if not isinstance(tree, Mapping) or tree.get("Statement") is None:
        raise UnusableInputError("neither a policy (`Statement`) nor a template (`Resources`)")
    policy_text = text if is_json else render_json(tree)
    found = kind or find_kind(tree, policy_text)
    return _sorted(_lint_policy(policy_text, tree, found, file))


def _lint_policy(text: str, tree: Node, kind: PolicyKind, file: str) -> Iterator[Finding]:
    try:
        document = parse_policy(text, kind)
    except PolicyError as error:
        yield _finding(GRAMMAR, _grammar_hit(error), tree, file)
        return
    yield from _run(Subject(document, tree), file)


def _lint_template(tree: Mapping, file: str) -> Iterator[Finding]:
    resources = find_resources(tree)
    around = find_surroundings(resources)
    for policy in find_policies(resources):
        yield from _lint_embedded(policy.kind, policy.tree, policy.roles, around, file)
    for hit in identity.check_writable_claim(around):
        yield _finding(identity.WRITABLE_CLAIM, hit, tree, file)


def _lint_embedded(
    kind: PolicyKind, tree: Mapping, roles: frozenset[str], around: Surroundings, file: str
) -> Iterator[Finding]:
    try:
        document = parse_policy(render_json(tree), kind)
    except PolicyError as error:
        place = locate(tree, error.path)
        if not (isinstance(place, Text) and OPAQUE in place.text):  # else nobody knows yet
            yield _finding(GRAMMAR, _grammar_hit(error), tree, file)
        return
    yield from _run(Subject(document, tree, around, roles), file)


def _run(subject: Subject, file: str) -> Iterator[Finding]:
    for rule in RULES:
        for hit in rule.check(subject):
            yield _finding(rule, hit, subject.tree, file)


def _grammar_hit(error: PolicyError) -> Hit:
    fix = "see the policy language's reference for what may stand here"
    return Hit(error.path, error.message, fix)


def _finding(rule: Rule, hit: Hit, tree: Node, file: str) -> Finding:
    place = locate(tree, hit.place) if isinstance(hit.place, str) else hit.place
    message, fix = map(_printable, (hit.message, hit.fix))
    return Finding(file, place.line, place.column, rule.id, rule.severity, message, fix)


def _printable(text: str) -> str:
    """Return a text that a terminal and a log can take, whatever the file holds."""
    shown = text.replace(OPAQUE, "...")
    return "".join(one if one.isprintable() else "\ufffd" for one in shown)


def _sorted(findings: Iterable[Finding]) -> list[Finding]:
    unique = dict.fromkeys(findings)
    return sorted(unique, key=lambda one: (one.line, one.column, one.rule))
