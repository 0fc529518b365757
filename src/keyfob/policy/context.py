"""The request context: the facts that conditions and variables look at.

Keys are compared without regard to case, the tag key in `aws:PrincipalTag/Key` included.
Every key has a tuple of values; a key without values counts as absent.
Source: IAM User Guide, "Condition" and "Single-valued vs. multivalued context keys" (documented).
"""

from collections.abc import Iterator, Mapping, Sequence

_MULTI_VALUED = frozenset(
    {
        "aws:calledvia",
        "aws:principalorgpaths",
        "aws:principalservicenameslist",
        "aws:resourceorgpaths",
        "aws:sourceorgpaths",
        "aws:tagkeys",
        "iot:connectattributes",
        "iot:thinggrouparn",
        "sts:transitivetagkeys",
    }
)
_CLOCK_KEYS = frozenset({"aws:currenttime", "aws:epochtime", "aws:multifactorauthage"})


def is_multi_valued_key(key: str) -> bool:
    """Tell whether AWS documents a lower-case key as multi-valued.

    `<provider>:amr` and the `.List` forms of IoT certificate keys are, besides a fixed list.
    """
    return (
        key in _MULTI_VALUED
        or key.endswith(":amr")
        or (key.startswith("iot:certificate.") and key.endswith(".list"))
    )


def is_clock_key(key: str) -> bool:
    """Tell whether a lower-case key's value changes with time alone."""
    return key in _CLOCK_KEYS


class RequestContext:
    """Condition keys and their values, in layers: a request's own over its connection's.

    Values are read once at construction; an overlay keeps a reference to its base and
    copies nothing.
    """

    __slots__ = ("_base", "_names", "_values")

    def __init__(
        self, values: Mapping[str, Sequence[str]], base: "RequestContext | None" = None
    ) -> None:
        """Build a context from keys and their values.

        Args:
            values: condition keys in any case; a plain text stands for one value. A key
                with no values hides the base's key of that name: it is absent.
            base: the context underneath; keys not in `values` are looked up there.
        """
        self._values: dict[str, tuple[str, ...]] = {}
        self._names: Mapping[str, Sequence[str]] = values
        self._base = base
        own = self._values
        for key, listed in values.items():
            own[key.lower()] = (listed,) if isinstance(listed, str) else tuple(listed)

    def overlay(self, values: Mapping[str, Sequence[str]]) -> "RequestContext":
        """Return a context that answers from `values` first and from this one otherwise."""
        return RequestContext(values, self)

    def get(self, key: str) -> tuple[str, ...] | None:
        """Return the values of a lower-case key; None when it is absent."""
        values = self._values.get(key)
        if values is None:
            return None if self._base is None else self._base.get(key)
        return values or None

    def __contains__(self, key: str) -> bool:
        return self.get(key.lower()) is not None

    def __iter__(self) -> Iterator[str]:
        """Yield the present keys as they were written, a request's own first."""
        for name in self._names:
            if self._values[name.lower()]:
                yield name
        if self._base is not None:
            yield from (name for name in self._base if name.lower() not in self._values)


EMPTY_CONTEXT = RequestContext({})
"""A context without any key."""
