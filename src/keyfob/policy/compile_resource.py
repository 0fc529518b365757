"""Resource patterns to tests, each as cheap as its pattern allows."""

from keyfob.policy.arn_pattern import compile_arn, split_header
from keyfob.policy.compiled import ResourceTest
from keyfob.policy.context import RequestContext
from keyfob.policy.document import Statement
from keyfob.policy.template import Part, Template, Variable, Wildcard, render_parts, substitute

_ANY = (Wildcard.ANY,)


def compile_resources(statement: Statement) -> ResourceTest:
    """Compile `Resource` or `NotResource`; a statement with neither is about all resources.

    A pattern with a variable that has no value matches nothing, so `NotResource` is then
    true of everything (documented: IAM User Guide, "IAM policy elements: Variables and tags").
    """
    tests = tuple(_compile_one(pattern) for pattern in statement.resources)
    if statement.is_not_resource:
        return lambda resource, context: not any(test(resource, context) for test in tests)
    if not tests:
        return _always
    if len(tests) == 1:
        return tests[0]
    return lambda resource, context: any(test(resource, context) for test in tests)


def _always(_resource: str, _context: RequestContext) -> bool:
    return True


def _compile_one(pattern: Template) -> ResourceTest:
    if pattern.parts == _ANY:
        return _always
    literal = pattern.literal
    if literal is not None:
        return lambda resource, _context: resource == literal
    if pattern.variables:
        return _compile_variables(pattern.parts)
    prefix = _only_prefix(pattern.parts)
    if prefix is not None:
        return lambda resource, _context: resource.startswith(prefix)
    glob = compile_arn(pattern.fixed_parts)
    return lambda resource, _context: glob(resource)


def _only_prefix(parts: tuple[Part, ...]) -> str | None:
    """Return the literal before a `*` that ends the pattern and is its only wildcard."""
    if len(parts) == 2 and isinstance(parts[0], str) and parts[1] is Wildcard.ANY:
        return parts[0]
    return None


def _compile_variables(parts: tuple[Part, ...]) -> ResourceTest:
    is_open = parts[-1] is Wildcard.ANY
    fixed = parts[:-1] if is_open else parts
    if any(isinstance(part, Wildcard) for part in fixed):
        return _compile_general(parts)
    if len(fixed) == 2 and isinstance(fixed[0], str) and isinstance(fixed[1], Variable):
        return _compile_prefixed_variable(fixed[0], fixed[1], is_open=is_open)

    def matches(resource: str, context: RequestContext) -> bool:
        filled = substitute(fixed, context)
        if filled is None:
            return False
        wanted = render_parts(filled)
        return resource.startswith(wanted) if is_open else resource == wanted

    return matches


def _compile_prefixed_variable(prefix: str, variable: Variable, *, is_open: bool) -> ResourceTest:
    resolve = variable.resolve
    size = len(prefix)
    if is_open:

        def starts(resource: str, context: RequestContext) -> bool:
            if not resource.startswith(prefix):
                return False
            value = resolve(context)
            return value is not None and resource.startswith(value, size)

        return starts

    def equals(resource: str, context: RequestContext) -> bool:
        return resource.startswith(prefix) and resource[size:] == resolve(context)

    return equals


def _compile_general(parts: tuple[Part, ...]) -> ResourceTest:
    header, _rest = split_header(parts)
    prefix = header[0] if len(header) == 1 and isinstance(header[0], str) else ""

    def matches(resource: str, context: RequestContext) -> bool:
        if not resource.startswith(prefix):
            return False
        filled = substitute(parts, context)
        return filled is not None and compile_arn(filled)(resource)

    return matches
