"""The page of a rule, as it stands in the documentation."""

from pathlib import Path

from keyfob.core.errors import ConfigError

_INSTALLED = Path(__file__).parent / "pages"
_IN_REPOSITORY = Path(__file__).parents[3] / "docs" / "rules"


def read_page(rule_id: str) -> str:
    """Return a rule's page in Markdown.

    Args:
        rule_id: a rule's id, upper or lower case.

    Raises:
        ConfigError: there is no such rule, or the installation lacks the pages.
    """
    wanted = rule_id.upper()
    for directory in (_INSTALLED, _IN_REPOSITORY):
        for page in directory.glob("KF[0-9][0-9][0-9].md"):
            if page.stem == wanted:
                return page.read_text(encoding="utf-8")
    raise ConfigError(f"there is no page for the rule `{rule_id[:40]}`")
