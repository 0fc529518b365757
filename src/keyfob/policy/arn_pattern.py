"""ARN patterns: where the colons are decides what a wildcard may match.

Theory. A resource pattern has six segments. A `*` inside a segment stays in it; a `*` that
ends a segment may run on over colons (documented: IAM User Guide, "IAM JSON policy
elements: Resource"). So a pattern whose wildcards all end their segment is one glob over
the whole text, and any other is matched segment by segment.
"""

from collections.abc import Callable, Sequence

from keyfob.policy.template import Part, Variable, Wildcard
from keyfob.policy.wildcard import compile_glob

SEGMENTS = 6
_Fixed = str | Wildcard


def split_arn(parts: Sequence[_Fixed]) -> list[tuple[_Fixed, ...]]:
    """Cut parts at the first five colons of their literals; at most six segments."""
    segments: list[list[_Fixed]] = [[]]
    for part in parts:
        if isinstance(part, Wildcard):
            segments[-1].append(part)
            continue
        pieces = part.split(":", SEGMENTS - len(segments))
        segments[-1].extend(pieces[:1] if pieces[0] else ())
        segments.extend([piece] if piece else [] for piece in pieces[1:])
    return [tuple(segment) for segment in segments]


def split_header(parts: Sequence[Part]) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Cut parts behind the fifth colon: the header with its colon, and the rest."""
    colons = 0
    for index, part in enumerate(parts):
        if not isinstance(part, str):
            continue
        position = -1
        while colons < SEGMENTS - 1:
            position = part.find(":", position + 1)
            if position < 0:
                break
            colons += 1
        else:
            head, tail = part[: position + 1], part[position + 1 :]
            rest = parts[index + 1 :]
            return (*parts[:index], head), ((tail, *rest) if tail else tuple(rest))
    return tuple(parts), ()


def check_resource(parts: Sequence[Part]) -> None:
    """Check the form of a resource pattern other than `*`.

    Raises:
        ValueError: not an ARN, a wildcard in the service, a variable before the fifth
            colon, or too few parts without a `*` at the end; the message says which.
    """
    header, rest = split_header(parts)
    if any(isinstance(part, Variable) for part in header):
        raise ValueError("a variable may stand only after the fifth colon of an arn")
    segments = split_arn([part for part in header if not isinstance(part, Variable)])
    if segments[0] != ("arn",) or len(segments) < 3 or not segments[1] or not segments[2]:
        raise ValueError("a resource is `*` or an arn")
    if any(isinstance(part, Wildcard) for part in segments[2]):
        raise ValueError("the service of an arn cannot have wildcards")
    if len(segments) < SEGMENTS and header[-1] is not Wildcard.ANY:
        raise ValueError("an arn has six parts separated by colons")
    if len(segments) == SEGMENTS and not rest:
        raise ValueError("an arn names a resource after the fifth colon")


def compile_arn(parts: Sequence[_Fixed]) -> Callable[[str], bool]:
    """Return a test of a whole resource ARN against a pattern without variables."""
    segments = split_arn(parts)
    if all(_ends_with_its_wildcard(segment) for segment in segments[: SEGMENTS - 1]):
        return compile_glob(parts)
    while len(segments) < SEGMENTS:
        segments.append((Wildcard.ANY,))
    return compile_segments(segments)


def _ends_with_its_wildcard(segment: Sequence[_Fixed]) -> bool:
    return not any(isinstance(part, Wildcard) for part in segment[:-1]) and (
        not segment or segment[-1] is not Wildcard.ONE
    )


def compile_segments(segments: Sequence[Sequence[_Fixed]]) -> Callable[[str], bool]:
    """Return a test that compares six segments one by one."""
    globs = tuple(compile_glob(segment) for segment in segments)

    def matches(text: str) -> bool:
        pieces = text.split(":", SEGMENTS - 1)
        return len(pieces) == SEGMENTS and all(
            glob(piece) for glob, piece in zip(globs, pieces, strict=True)
        )

    return matches
