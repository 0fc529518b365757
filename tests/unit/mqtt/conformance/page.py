"""Writes `docs/reference/mqtt-conformance.md` from the tags in the tests.

The numbers are those of MQTT Version 5.0, OASIS Standard, Appendix B. A test names the statements
it checks in its docstring, `[MQTT-3.1.0-1]`. Run as a program, this writes the page; `test_page`
holds the page to what this would write.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

COUNTS = {
    "1.5.4": 3, "1.5.5": 1, "1.5.7": 1, "2.1.3": 1, "2.2.1": 6, "2.2.2": 1, "3.1.0": 2,
    "3.1.2": 30, "3.1.3": 12, "3.1.4": 6, "3.2.0": 2, "3.2.2": 22, "3.3.1": 13, "3.3.2": 20,
    "3.3.4": 10, "3.4.2": 3, "3.5.2": 3, "3.6.1": 1, "3.6.2": 3, "3.7.2": 3, "3.8.1": 1,
    "3.8.3": 5, "3.8.4": 8, "3.9.2": 2, "3.9.3": 2, "3.10.1": 1, "3.10.3": 2, "3.10.4": 6,
    "3.11.2": 2, "3.11.3": 2, "3.12.4": 1, "3.14.0": 1, "3.14.1": 1, "3.14.2": 4, "3.14.4": 3,
    "3.15.1": 1, "3.15.2": 3, "4.1.0": 2, "4.2.0": 1, "4.3.1": 1, "4.3.2": 5, "4.3.3": 13,
    "4.4.0": 2, "4.5.0": 2, "4.6.0": 6, "4.7.0": 1, "4.7.1": 2, "4.7.2": 1, "4.7.3": 4,
    "4.8.2": 6, "4.9.0": 3, "4.10.0": 4, "4.11.0": 1, "4.12.0": 7, "4.12.1": 2, "4.13.1": 1,
    "4.13.2": 1, "6.0.0": 4,
}  # fmt: skip
"""How many statements each section has; they are numbered from 1."""

OF_CLIENTS = frozenset(
    {
        "3.1.2-16", "3.1.2-17", "3.1.2-18", "3.1.2-20", "3.1.2-21", "3.1.2-30", "3.2.2-4",
        "3.2.2-5", "3.2.2-11", "3.2.2-14", "3.2.2-15", "3.2.2-17", "3.2.2-18", "3.2.2-21",
        "3.3.2-9", "3.3.2-10", "3.3.4-6", "3.3.4-7", "3.3.4-8", "4.5.0-2", "4.6.0-1", "4.12.0-3",
        "4.12.0-7", "6.0.0-3",
    }
)  # fmt: skip
"""Statements that bind clients alone."""

NOT_APPLICABLE = {
    "2.2.1-1": "the number is not used",
    "3.2.2-10": "QoS 2 is supported",
    "3.2.2-13": "retained messages are supported",
    "3.2.2-19": "response information is never sent",
    "3.2.2-20": "a server reference is never sent",
    "3.3.4-5": "one copy is sent, for all subscriptions",
    "3.15.2-1": "AUTH is never sent: enhanced authentication is refused",
    "3.15.2-2": "AUTH is never sent",
    "3.15.2-3": "AUTH is never sent",
    "4.10.0-1": "response information is never sent",
    "4.10.0-2": "response information is never sent",
    "4.10.0-3": "response information is never sent",
    "4.10.0-4": "response information is never sent",
    "4.11.0-1": "a server reference is never sent",
    "4.12.0-2": "enhanced authentication is refused",
    "4.12.0-4": "enhanced authentication is refused",
    "4.12.0-5": "enhanced authentication is refused",
    "4.12.1-1": "enhanced authentication is refused",
    "4.12.1-2": "enhanced authentication is refused",
}
"""Statements about what this server does not do, with the reason."""


def all_statements() -> list[str]:
    """Return every number, in the standard's order."""
    return [f"{section}-{n}" for section, count in COUNTS.items() for n in range(1, count + 1)]


ROOT = Path(__file__).parents[4]
PAGE = ROOT / "docs" / "reference" / "mqtt-conformance.md"
TESTS = Path(__file__).parent
WEBSOCKET_TESTS = ROOT / "tests" / "unit" / "server" / "test_websocket.py"
_TAG = re.compile(r"\[MQTT-(\d+\.\d+\.\d+-\d+)\]")

_HEAD = """\
# Conformance with MQTT 5.0

Written from the tags in `tests/unit/mqtt/conformance` by
`python tests/unit/mqtt/conformance/page.py`; do not edit. The tests run in the `oasis` profile.
Numbers are those of the OASIS standard's appendix B.

{covered} of the {binding} statements that bind this server have a test; {client} bind clients
alone, {apart} are about what this server does not do.
"""


def tags() -> dict[str, list[str]]:
    """Return the tests of each statement."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in (*sorted(TESTS.glob("test_*.py")), WEBSOCKET_TESTS):
        for name, text in _docstrings(path):
            for number in _TAG.findall(text):
                found[number].append(f"{path.stem}::{name}")
    return found


def _docstrings(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, ast.get_docstring(node) or ""


def render() -> str:
    """Return the page."""
    found, statements = tags(), all_statements()
    binding = [n for n in statements if n not in OF_CLIENTS and n not in NOT_APPLICABLE]
    head = _HEAD.format(
        covered=sum(n in found for n in binding),
        binding=len(binding),
        client=len(OF_CLIENTS),
        apart=len(NOT_APPLICABLE),
    )
    lines = [head, "| statement | tests |", "| --- | --- |"]
    for number in statements:
        if number in found:
            cell = ", ".join(f"`{name}`" for name in found[number])
        elif number in OF_CLIENTS:
            cell = "binds clients"
        elif number in NOT_APPLICABLE:
            cell = NOT_APPLICABLE[number]
        else:
            cell = "**no test**"
        lines.append(f"| MQTT-{number} | {cell} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render())
