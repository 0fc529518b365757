"""`keyfob lint`: what is wrong with policies and templates."""

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from keyfob.core.errors import ConfigError
from keyfob.lint import (
    FORMATS,
    MAX_FILE_BYTES,
    Finding,
    Severity,
    UnusableInputError,
    lint_file,
    read_page,
)
from keyfob.policy import PolicyKind

Kind = Literal["identity", "iot", "trust", "resource", "session"]


def lint(
    *files: Path,
    kind: Kind | None = None,
    format_: Annotated[
        Literal["text", "json", "sarif", "github"], Parameter(name="--format")
    ] = "text",
    explain: str | None = None,
) -> None:
    """Check policies, and the policies in CloudFormation and SAM templates.

    Exits with 1 when there are errors, with 0 when there are warnings only, and with 2 when a
    file cannot be used.

    Args:
        files: Policy documents (JSON) and templates (YAML or JSON).
        kind: What the policy documents are for; found from what they say when not given.
        format_: How to print findings.
        explain: Print the page of a rule, for instance KF203, and check nothing.
    """
    if explain is not None:
        print(read_page(explain))
        return
    if not files:
        raise ConfigError("name at least one file to lint")
    wanted = None if kind is None else PolicyKind(kind)
    findings = [finding for path in files for finding in _lint_path(path, wanted)]
    print(FORMATS[format_](findings))
    if any(finding.severity is Severity.ERROR for finding in findings):
        sys.exit(1)


def _lint_path(path: Path, kind: PolicyKind | None) -> list[Finding]:
    try:
        with path.open("rb") as file:
            return lint_file(file.read(MAX_FILE_BYTES + 1), str(path), kind)
    except OSError as error:
        raise ConfigError(f"cannot read `{path}`: {error.strerror}") from error
    except UnusableInputError as error:
        raise ConfigError(f"{path}:{error.line}:{error.column}: {error.message}") from error
