"""Policy documents compiled once, however many principals share them."""

from collections import OrderedDict
from hashlib import sha256

from keyfob.authz.ports import NamedPolicy
from keyfob.policy import (
    CompiledPolicy,
    PolicyError,
    PolicyKind,
    compile_policy,
    deny_all_policy,
    parse_policy,
)

MAX_COMPILED_POLICIES = 4_096
"""Compiled policies kept; a policy in use is also held by those who use it."""


class PolicyCompiler:
    """Compiles documents, remembering results by content hash, kind and name."""

    def __init__(self, max_policies: int = MAX_COMPILED_POLICIES) -> None:
        """Start empty; at most `max_policies` results are remembered."""
        self._max_policies = max_policies
        self._compiled: OrderedDict[tuple[bytes, PolicyKind, str], CompiledPolicy] = OrderedDict()

    def compile(self, named: NamedPolicy, kind: PolicyKind) -> CompiledPolicy:
        """Return the compiled policy; a document that cannot be understood denies everything.

        Such a document was accepted when it was written (by an older release, or by hand in the
        database). Ignoring it could drop a Deny, so it becomes one.
        """
        key = (sha256(named.document.encode("utf-8", "surrogatepass")).digest(), kind, named.name)
        known = self._compiled.get(key)
        if known is not None:
            self._compiled.move_to_end(key)
            return known
        compiled = _compile(named, kind)
        self._compiled[key] = compiled
        if len(self._compiled) > self._max_policies:
            self._compiled.popitem(last=False)
        return compiled

    def __len__(self) -> int:
        return len(self._compiled)


def _compile(named: NamedPolicy, kind: PolicyKind) -> CompiledPolicy:
    try:
        return compile_policy(parse_policy(named.document, kind), named.name)
    except PolicyError as error:
        return deny_all_policy(named.name, f"engine-error: {error}")
