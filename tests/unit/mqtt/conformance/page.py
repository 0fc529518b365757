"""Writes `docs/reference/mqtt-conformance.md` from the tests' docstrings.

A test names the statements it checks, `[MQTT-3.1.0-1]`: those of MQTT 3.1.1 in `test_v3_*`, those
of 5.0 in the others; the WebSocket tests check chapter 6, which is the same in both. A test in
`test_deviations` says in its first line what AWS does otherwise, and on its last the evidence. Run
as a program, this writes the page; `test_page` holds the page to what this would write.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Standard:
    """One version of MQTT."""

    name: str
    source: str
    """Where the numbers are from, for the page."""
    counts: Mapping[str, int]
    """How many statements each section has; they are numbered from 1."""
    of_clients: frozenset[str]
    """Statements that bind clients alone."""
    not_applicable: Mapping[str, str]
    """Statements about what this server does not do, with the reason."""

    def statements(self) -> list[str]:
        """Return every number, in the standard's order."""
        return [f"{section}-{n}" for section, count in self.counts.items() for n in _upto(count)]


def _upto(count: int) -> range:
    return range(1, count + 1)


V5 = Standard(
    name="5.0",
    source="Numbers are those of the OASIS standard's appendix B.",
    counts={
        "1.5.4": 3, "1.5.5": 1, "1.5.7": 1, "2.1.3": 1, "2.2.1": 6, "2.2.2": 1, "3.1.0": 2,
        "3.1.2": 30, "3.1.3": 12, "3.1.4": 6, "3.2.0": 2, "3.2.2": 22, "3.3.1": 13, "3.3.2": 20,
        "3.3.4": 10, "3.4.2": 3, "3.5.2": 3, "3.6.1": 1, "3.6.2": 3, "3.7.2": 3, "3.8.1": 1,
        "3.8.3": 5, "3.8.4": 8, "3.9.2": 2, "3.9.3": 2, "3.10.1": 1, "3.10.3": 2, "3.10.4": 6,
        "3.11.2": 2, "3.11.3": 2, "3.12.4": 1, "3.14.0": 1, "3.14.1": 1, "3.14.2": 4,
        "3.14.4": 3, "3.15.1": 1, "3.15.2": 3, "4.1.0": 2, "4.2.0": 1, "4.3.1": 1, "4.3.2": 5,
        "4.3.3": 13, "4.4.0": 2, "4.5.0": 2, "4.6.0": 6, "4.7.0": 1, "4.7.1": 2, "4.7.2": 1,
        "4.7.3": 4, "4.8.2": 6, "4.9.0": 3, "4.10.0": 4, "4.11.0": 1, "4.12.0": 7, "4.12.1": 2,
        "4.13.1": 1, "4.13.2": 1, "6.0.0": 4,
    },
    of_clients=frozenset(
        {
            "3.1.2-20", "3.1.2-21", "3.1.2-30", "3.2.2-4",
            "3.2.2-5", "3.2.2-11", "3.2.2-14", "3.2.2-15", "3.2.2-17", "3.2.2-18", "3.2.2-21",
            "3.3.2-9", "3.3.2-10", "3.3.4-6", "3.3.4-7", "3.3.4-8", "4.5.0-2", "4.6.0-1",
            "4.12.0-3", "4.12.0-7", "6.0.0-3",
        }
    ),
    not_applicable={
        "2.2.1-1": "the number is not used",
        "3.2.2-10": "QoS 2 is supported; `aws` deviates, see below",
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
    },
)  # fmt: skip

V311 = Standard(
    name="3.1.1",
    source=(
        "Numbers are those of the OASIS standard of 2014, appendix B; the list was written from\n"
        "knowledge of its text and not compared with the document."
    ),
    counts={
        "1.5.3": 3, "2.2.2": 2, "2.3.1": 7, "3.1.0": 2, "3.1.2": 24, "3.1.3": 11, "3.1.4": 5,
        "3.2.0": 1, "3.2.2": 6, "3.3.1": 12, "3.3.2": 3, "3.3.4": 1, "3.3.5": 2, "3.6.1": 1,
        "3.8.1": 1, "3.8.3": 4, "3.8.4": 6, "3.9.3": 2, "3.10.1": 1, "3.10.3": 2, "3.10.4": 6,
        "3.12.4": 1, "3.14.1": 1, "3.14.4": 3, "4.1.0": 2, "4.3.1": 1, "4.3.2": 2, "4.3.3": 2,
        "4.4.0": 1, "4.5.0": 2, "4.6.0": 6, "4.7.1": 3, "4.7.2": 1, "4.7.3": 4, "4.8.0": 2,
        "6.0.0": 4, "7.0.0": 2, "7.1.1": 1, "7.1.2": 1,
    },
    of_clients=frozenset(
        {
            "2.3.1-2", "2.3.1-3", "3.1.2-23", "3.1.3-7", "3.14.4-1", "3.14.4-2", "4.5.0-2",
            "4.6.0-1", "4.6.0-2", "4.6.0-3", "4.6.0-4", "6.0.0-3", "7.1.2-1",
        }
    ),
    not_applicable={"7.0.0-1": "no connections to other servers are made"},
)  # fmt: skip

ROOT = Path(__file__).parents[4]
PAGE = ROOT / "docs" / "reference" / "mqtt-conformance.md"
TESTS = Path(__file__).parent
WEBSOCKET_TESTS = ROOT / "tests" / "unit" / "server" / "test_websocket.py"
DEVIATIONS = TESTS / "test_deviations.py"
_TAG = re.compile(r"\[MQTT-(\d+\.\d+\.\d+-\d+)\]")

_HEAD = """\
# Conformance with MQTT

Written from the docstrings in `tests/unit/mqtt/conformance` by
`python tests/unit/mqtt/conformance/page.py`; do not edit. The tests of the standard run in the
`oasis` profile, those of AWS's deviations in `aws`.
"""
_SECTION = """\
## MQTT {name}

{source}

{covered} of the {binding} statements that bind this server have a test; {client} bind clients
alone, {apart} are about what this server does not do.
"""
_DEVIATIONS = """\
## Where AWS IoT Core deviates

What the `aws` profile does against the standard, or beyond what it leaves open; the refusals are
explained in [the design](../design/mqtt.md).

| deviation | evidence | test |
| --- | --- | --- |"""


def test_files(standard: Standard) -> list[Path]:
    """Return the files whose tags are those of one standard."""
    is_old = standard is V311
    files = [p for p in TESTS.glob("test_*.py") if p.name.startswith("test_v3_") is is_old]
    return [*sorted(set(files) - {DEVIATIONS}), WEBSOCKET_TESTS]


def tags(standard: Standard) -> dict[str, list[str]]:
    """Return links to the tests of each statement."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in test_files(standard):
        for name, text in _docstrings(path):
            for number in _TAG.findall(text):
                found[number].append(_link(path, name))
    return found


def deviations() -> list[tuple[str, str, str]]:
    """Return what AWS does otherwise, the evidence, and a link to the test."""
    rows: list[tuple[str, str, str]] = []
    for name, text in _docstrings(DEVIATIONS):
        what, _, evidence = text.partition("\n\n")
        rows.append((" ".join(what.split()), " ".join(evidence.split()), _link(DEVIATIONS, name)))
    return rows


def _link(path: Path, name: str) -> str:
    return f"[`{name}`](../../{path.relative_to(ROOT)})"


def _docstrings(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.parse(path.read_text()).body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("test_"):
            yield node.name, ast.get_docstring(node) or ""


def _section(standard: Standard) -> Iterator[str]:
    found, statements = tags(standard), standard.statements()
    apart = standard.of_clients | set(standard.not_applicable)
    binding = [number for number in statements if number not in apart]
    yield _SECTION.format(
        name=standard.name,
        source=standard.source,
        covered=sum(number in found for number in binding),
        binding=len(binding),
        client=len(standard.of_clients),
        apart=len(standard.not_applicable),
    )
    yield from ("| statement | tests |", "| --- | --- |")
    for number in statements:
        if number in found:
            cell = ", ".join(found[number])
        elif number in standard.of_clients:
            cell = "binds clients"
        else:
            cell = standard.not_applicable.get(number, "**no test**")
        yield f"| MQTT-{number} | {cell} |"
    yield ""


def render() -> str:
    """Return the page."""
    lines = [_HEAD, *_section(V5), *_section(V311), _DEVIATIONS]
    lines += [f"| {what} | {evidence} | {link} |" for what, evidence, link in deviations()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render())
