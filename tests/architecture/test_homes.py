"""Time, randomness, the environment and authorisation each have one home."""

import ast
from collections.abc import Iterator

import pytest
from tests.architecture.sources import ROOT, SOURCE, modules

HOMES: dict[str, dict[str, str]] = {
    "time.time": {"core/clock.py": "the system clock"},
    "time.time_ns": {},
    "time.monotonic": {
        "cli/top.py": "rates between two looks",
        "testing/process.py": "how long a test waits for a server",
    },
    "datetime.datetime.now": {},
    "datetime.datetime.utcnow": {},
    "datetime.datetime.today": {},
    "datetime.date.today": {},
    "secrets.": {"core/ids.py": "the system's randomness"},
    "random.": {},
    "os.urandom": {},
    "uuid.": {"core/ids.py": "lays out random bytes as a UUID"},
    "os.environ": {"config.py": "settings from the environment"},
    "os.getenv": {},
}
"""What is used in its home alone: dotted name (a final dot: anything of the module), and where."""


def names_used(tree: ast.Module) -> Iterator[str]:
    """Return dotted names a module uses, imports resolved."""
    imported: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                imported[alias.asname or alias.name.partition(".")[0]] = alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                imported[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                yield f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            parts = []
            inner: ast.expr = node
            while isinstance(inner, ast.Attribute):
                parts.append(inner.attr)
                inner = inner.value
            if isinstance(inner, ast.Name) and inner.id in imported:
                yield ".".join([imported[inner.id], *reversed(parts)])


def users_of(name: str) -> set[str]:
    return {
        path
        for path, tree in modules().items()
        if any(
            used.startswith(name) if name.endswith(".") else used == name
            for used in names_used(tree)
        )
    }


@pytest.mark.parametrize("name", HOMES)
def test_it_is_used_in_its_home_alone(name: str) -> None:
    assert users_of(name) <= set(HOMES[name])


def test_the_search_finds_what_is_there() -> None:
    assert users_of("time.time") == {"core/clock.py"}
    assert users_of("secrets.") == {"core/ids.py"}


def callers_of(name: str) -> set[str]:
    return {
        path
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id == name)
            or (isinstance(node.func, ast.Attribute) and node.func.attr == name)
        )
    }


def test_only_enforce_builds_authorized_requests() -> None:
    assert callers_of("AuthorizedRequest") == {"authz/enforce.py"}


def test_only_authz_knows_the_seal() -> None:
    knowing = {
        path
        for path, tree in modules().items()
        if "keyfob.authz.operation._AUTHORIZER" in set(names_used(tree))
    }
    assert knowing == {"authz/enforce.py"}


BROAD_EXCEPTS: dict[str, str] = {
    "server/pipeline.py": "the HTTP pipeline: a bug answers InternalFailure",
    "server/http.py": "a responder that raises, against its promise, answers 500 and closes",
    "server/reception.py": "a bug ends one connection, not the listener",
    "server/websocket.py": "a bug answers an upgrade with 500",
    "mqtt/broker/durable.py": "supervisor of the commits",
    "store/database.py": "hands a write's failure to the caller who waits",
    "authz/directory.py": "releases or denies, whatever failed",
    "mqtt/broker/wills.py": "a will whose authorisation cannot be had is not sent",
    "services/iam/key_uses.py": "when a key was used last is noted behind the answers",
}
"""Modules that may catch everything, with the reason."""


def catches_everything(handler: ast.ExceptHandler) -> bool:
    kind = handler.type
    return kind is None or (
        isinstance(kind, ast.Name) and kind.id in ("Exception", "BaseException")
    )


def test_broad_excepts_are_where_a_bug_must_not_end_the_server() -> None:
    broad = {
        path
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and catches_everything(node)
    }
    assert broad == set(BROAD_EXCEPTS)


def test_nothing_speaks_of_the_workshop() -> None:
    """Sources, documents and tests refer to what their readers have."""
    words = ["/work" + "/", "FACTS" + ".md", "STYLE" + ".md", "PEERS" + ".md", "DESIGN" + ".md"]
    texts = [
        *SOURCE.rglob("*.py"),
        *(ROOT / "docs").rglob("*.md"),
        *(path for path in (ROOT / "tests").rglob("*.py") if "node_modules" not in path.parts),
        *(ROOT / name for name in ("README.md", "CHANGELOG.md", "Makefile", "pyproject.toml")),
    ]
    found = {
        f"{path.relative_to(ROOT)}: {word}"
        for path in texts
        if path.exists()
        for word in words
        if word in path.read_text()
    }
    assert found == set()
