"""Lint: what is wrong with a policy, or with the policies of a template, before anyone uses it.

findings = lint_document(text, PolicyKind.IOT)           # raises UnusableInputError
findings = lint_file(content, "template.yaml")

Nothing here decides or refuses; see docs/design/lint.md. Importing this package loads the YAML
reader and the action reference, so whoever starts fast imports it late.
"""

from keyfob.lint.check import MAX_FILE_BYTES, RULES, lint_document, lint_file
from keyfob.lint.errors import UnusableInputError
from keyfob.lint.pages import read_page
from keyfob.lint.render import FORMATS
from keyfob.lint.rule import Finding, Rule, Severity

__all__ = [
    "lint_document",
    "lint_file",
    "MAX_FILE_BYTES",
    "Finding",
    "Severity",
    "Rule",
    "RULES",
    "FORMATS",
    "read_page",
    "UnusableInputError",
]
