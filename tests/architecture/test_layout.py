"""Unit tests lie where their subject lies."""

from pathlib import Path

import pytest
from tests.architecture.sources import ROOT, SOURCE

UNIT = ROOT / "tests" / "unit"

NOT_MIRRORED: dict[str, str] = {
    "authz/test_vectors.py": "walks the cases under tests/vectors",
    "lint/test_readers.py": "the readers of JSON and of YAML, held to the same",
    "mqtt/broker/test_disk_full.py": "a broker whose journal cannot be written",
    "mqtt/broker/test_model.py": "any commands in any order, crashes included, against a model",
    "mqtt/broker/test_profiles_mixed.py": "clients of both profiles on one broker",
    "mqtt/broker/test_restart.py": "a broker made anew on the same journal",
    "policy/test_vectors.py": "walks the cases under tests/vectors/policy",
    "services/test_iot_authorisation.py": "three services and authz together",
    "services/cognito_identity/test_sequences.py": "operations in any order against a model",
    "services/iam/test_authorisation.py": "the rows of the whole service",
    "services/sts/test_vectors.py": "walks the cases under tests/vectors/authz",
    "services/test_iot_tables.py": "the tables of three services",
    "signin/test_attacks.py": "attacks on the pages and endpoints together",
    "store/test_announcement.py": "two modules that announce the endpoints between them",
    "tokens/test_attacks.py": "forged tokens against everyone who takes tokens",
    "wire/test_oracle.py": "botocore as the oracle for the whole package",
    "wire/test_parse.py": "the package's entry point, over all protocols",
}
"""Test modules that mirror no single module, with the reason."""

FORBIDDEN = {"utils", "helpers", "common", "misc", "models_"}
"""Names that say nothing; `wire/models.py` holds AWS's service models, which are called so."""


def subjects(test: Path) -> list[Path]:
    """Return what a test module may mirror: a module, or a package.

    Operations are tested by what a caller does with several of them, so there any name will do.
    """
    folder = SOURCE / test.relative_to(UNIT).parent
    if folder.name == "operations":
        return [folder]
    if folder.name == "conformance":  # by the standard's chapters, over the whole broker
        return [folder.parent / "broker"]
    name = test.stem.removeprefix("test_")
    return [folder / f"{name}.py", folder / name, folder / "operations" / f"{name}.py"]


TESTS = sorted(path.relative_to(UNIT).as_posix() for path in UNIT.rglob("test_*.py"))


@pytest.mark.parametrize("test", TESTS)
def test_it_mirrors_a_module(test: str) -> None:
    mirrors = any(subject.exists() for subject in subjects(UNIT / test))
    assert mirrors or test in NOT_MIRRORED


def test_the_list_names_what_is_there() -> None:
    assert {name for name in NOT_MIRRORED if not (UNIT / name).exists()} == set()


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [path for path in SOURCE.rglob("*.py") if path.stem in FORBIDDEN] == []
