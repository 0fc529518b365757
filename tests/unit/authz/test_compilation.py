"""Compiled policies are shared by content, and a document nobody can read denies everything."""

from tests.unit.authz.actors import ALLOW_ALL, DENY_ALL

from keyfob.authz.compilation import PolicyCompiler
from keyfob.authz.ports import NamedPolicy
from keyfob.policy import EMPTY_CONTEXT, Effect, PolicyKind, PolicyRequest, evaluate


def test_equal_documents_are_compiled_once() -> None:
    compiler = PolicyCompiler()
    first = compiler.compile(NamedPolicy("a", ALLOW_ALL), PolicyKind.IOT)
    assert compiler.compile(NamedPolicy("a", ALLOW_ALL), PolicyKind.IOT) is first
    assert compiler.compile(NamedPolicy("a", DENY_ALL), PolicyKind.IOT) is not first
    assert compiler.compile(NamedPolicy("b", ALLOW_ALL), PolicyKind.IOT).name == "b"
    assert compiler.compile(NamedPolicy("a", ALLOW_ALL), PolicyKind.SESSION) is not first


def test_the_oldest_unused_go_first() -> None:
    compiler = PolicyCompiler(max_policies=2)
    first = compiler.compile(NamedPolicy("a", ALLOW_ALL), PolicyKind.IOT)
    second = compiler.compile(NamedPolicy("b", ALLOW_ALL), PolicyKind.IOT)
    assert compiler.compile(NamedPolicy("a", ALLOW_ALL), PolicyKind.IOT) is first
    compiler.compile(NamedPolicy("c", ALLOW_ALL), PolicyKind.IOT)
    assert len(compiler) == 2
    assert compiler.compile(NamedPolicy("a", ALLOW_ALL), PolicyKind.IOT) is first
    assert compiler.compile(NamedPolicy("b", ALLOW_ALL), PolicyKind.IOT) is not second


def test_a_document_that_cannot_be_understood_denies() -> None:
    for document in ("", "{", "[]", '{"Statement": []}', "\ud800", '{"Statement": 1}'):
        policy = PolicyCompiler().compile(NamedPolicy("bad", document), PolicyKind.IDENTITY)
        outcome = evaluate([policy], PolicyRequest("iot:Publish", "*", EMPTY_CONTEXT))
        assert outcome.effect is Effect.EXPLICIT_DENY
        assert (outcome.matched[0].reason or "").startswith("engine-error: ")
