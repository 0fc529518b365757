"""Modules and functions stay small; what does not is listed with its reason."""

import pytest
from tests.architecture.sources import body_lines, functions, modules

MAX_MODULE_LINES = 600
MAX_BODY_LINES = 60

ALLOWED_MODULES: dict[str, tuple[int, str]] = {}
"""Longer modules: path, limit, reason."""

ALLOWED_FUNCTIONS: dict[str, tuple[int, str]] = {
    "store/migrations/versions/0001_first_tables.py:upgrade": (
        2_000,
        "written by `make migration`",
    ),
}
"""Longer bodies: `path:function`, limit, reason."""


def module_lines(path: str) -> int:
    tree = modules()[path]
    return max((getattr(node, "end_lineno", 0) or 0 for node in tree.body), default=0)


@pytest.mark.parametrize("path", modules())
def test_module_size(path: str) -> None:
    limit, _reason = ALLOWED_MODULES.get(path, (MAX_MODULE_LINES, ""))
    assert module_lines(path) <= limit


@pytest.mark.parametrize("path", modules())
def test_body_sizes(path: str) -> None:
    sizes = {f"{path}:{each.name}": body_lines(each) for each in functions(modules()[path])}
    too_long = {
        name: size
        for name, size in sizes.items()
        if size > ALLOWED_FUNCTIONS.get(name, (MAX_BODY_LINES, ""))[0]
    }
    assert too_long == {}


def test_the_lists_name_what_is_there_and_needs_it() -> None:
    for path in ALLOWED_MODULES:
        assert module_lines(path) > MAX_MODULE_LINES
    for name in ALLOWED_FUNCTIONS:
        path, _, function = name.partition(":")
        longest = max(
            body_lines(each) for each in functions(modules()[path]) if each.name == function
        )
        assert longest > MAX_BODY_LINES
