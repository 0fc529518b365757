"""Lint's advice when a policy is written: lines in the log, never a refusal.

A policy is looked at after its operation has succeeded, in another thread, so the answer does
not wait. The linter is imported with the first policy.
"""

import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import replace
from threading import BoundedSemaphore
from typing import Any, Final

from keyfob.authz.operation import AuthorizedRequest, Operation
from keyfob.policy import PolicyKind

_log = logging.getLogger(__name__)

MAX_WAITING = 32
"""Policies in hand at once; further ones are not linted, and the log says so."""
MAX_LINES = 20
"""Findings logged of one policy."""

_IDENTITY = (PolicyKind.IDENTITY, "PolicyDocument")
_IOT = (PolicyKind.IOT, "policyDocument")
WRITES: Final[Mapping[tuple[str, str], tuple[PolicyKind, str]]] = {
    ("iam", "CreatePolicy"): _IDENTITY,
    ("iam", "CreatePolicyVersion"): _IDENTITY,
    ("iam", "PutRolePolicy"): _IDENTITY,
    ("iam", "PutUserPolicy"): _IDENTITY,
    ("iam", "PutGroupPolicy"): _IDENTITY,
    ("iam", "CreateRole"): (PolicyKind.TRUST, "AssumeRolePolicyDocument"),
    ("iam", "UpdateAssumeRolePolicy"): (PolicyKind.TRUST, "PolicyDocument"),
    ("iot", "CreatePolicy"): _IOT,
    ("iot", "CreatePolicyVersion"): _IOT,
}
"""The operations that write a policy: its kind, and the member that holds it."""

_NAMES: Final = ("PolicyName", "policyName", "PolicyArn", "RoleName")


class PolicyAdvice:
    """Lints what is written, and logs what it finds."""

    def __init__(self, executor: Executor) -> None:
        """Work in another thread.

        Args:
            executor: where linting runs; a policy takes about a millisecond, the first one the
                linter's import besides.
        """
        self._executor = executor
        self._room = BoundedSemaphore(MAX_WAITING)

    def advise_on(
        self, service: str, operations: Iterable[Operation[Any]]
    ) -> tuple[Operation[Any], ...]:
        """Return a service's operations, those that write a policy followed by advice."""
        return tuple(self._advise_on(service, operation) for operation in operations)

    def _advise_on(self, service: str, operation: Operation[Any]) -> Operation[Any]:
        written = WRITES.get((service, operation.name))
        if written is None:
            return operation
        kind, member = written
        handler = operation.handler

        async def handle(implementation: object, request: AuthorizedRequest) -> Mapping[str, Any]:
            answer = await handler(implementation, request)
            self._submit(_name(request), kind, request.params[member])
            return answer

        return replace(operation, handler=handle)

    def _submit(self, name: str, kind: PolicyKind, document: str) -> None:
        if not self._room.acquire(blocking=False):
            _log.warning("policy %s was not linted: too many at once", name)
            return
        self._executor.submit(_advise, name, kind, document).add_done_callback(self._finish)

    def _finish(self, done: Future[None]) -> None:
        self._room.release()
        error = None if done.cancelled() else done.exception()
        if error is not None:
            _log.error("a policy could not be linted", exc_info=error)


def _advise(name: str, kind: PolicyKind, document: str) -> None:
    from keyfob.lint import lint_document  # loads the action reference: not before it is needed

    findings = lint_document(document, kind)
    for one in findings[:MAX_LINES]:
        _log.warning(
            "policy %s line %d column %d: %s %s; fix: %s",
            name,
            one.line,
            one.column,
            one.rule,
            one.message,
            one.fix,
        )
    if len(findings) > MAX_LINES:
        _log.warning("policy %s: %d more findings", name, len(findings) - MAX_LINES)


def _name(request: AuthorizedRequest) -> str:
    params = request.params
    return next(str(params[name]) for name in _NAMES if name in params)
