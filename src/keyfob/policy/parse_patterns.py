"""Reading the `Action` and `Resource` elements and their negations."""

import re

from keyfob.policy.arn_pattern import check_resource
from keyfob.policy.errors import PolicyError, quote
from keyfob.policy.json_text import JsonNumber
from keyfob.policy.template import Template, Wildcard, parse_template

# Documented: a service prefix, a colon, a name with wildcards; `*` alone is every action.
# `*:*` is taken as another spelling of it (inferred).
_ACTION = re.compile(r"\*|\*:\*|[A-Za-z0-9-]+:[A-Za-z0-9*?_-]+")


def read_texts(value: object, path: str) -> list[tuple[str, str]]:
    """Return the texts of an element that takes one or a list, each with its JSON path.

    Raises:
        PolicyError: nothing in it, or something other than texts.
    """
    if isinstance(value, list):
        placed = [(one, f"{path}[{index}]") for index, one in enumerate(value)]
    else:
        placed = [(value, path)]
    if not placed:
        raise PolicyError("at least one value was expected", path)
    texts: list[tuple[str, str]] = []
    for one, place in placed:
        if not isinstance(one, str) or isinstance(one, JsonNumber):
            raise PolicyError("a text was expected", place)
        texts.append((one, place))
    return texts


def parse_actions(value: object, path: str) -> tuple[Template, ...]:
    """Read `Action` or `NotAction`; patterns are kept in lower case.

    Raises:
        PolicyError: a pattern is not an action.
    """
    patterns: list[Template] = []
    for text, place in read_texts(value, path):
        if not _ACTION.fullmatch(text):
            raise PolicyError(f"{quote(text)} is not an action: `service:Name` or `*`", place)
        lowered = "*" if text == "*:*" else text.lower()
        template = parse_template(lowered, has_variables=False, has_wildcards=True)
        patterns.append(Template(text, template.parts))
    return tuple(patterns)


def parse_resources(value: object, path: str, *, has_variables: bool) -> tuple[Template, ...]:
    """Read `Resource` or `NotResource`.

    Raises:
        PolicyError: a pattern is neither `*` nor an ARN, or has a misplaced variable.
    """
    patterns: list[Template] = []
    for text, place in read_texts(value, path):
        try:
            template = parse_template(text, has_variables=has_variables, has_wildcards=True)
            if template.parts != (Wildcard.ANY,):
                check_resource(template.parts)
        except ValueError as error:
            raise PolicyError(f"{error}, not {quote(text)}", place) from error
        patterns.append(template)
    return tuple(patterns)
