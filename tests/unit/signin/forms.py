"""Reads the forms and links of a page, as a person's browser would."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """A page taken apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag == "form":
            self.forms.append(Form(found.get("action") or ""))
        elif tag == "a":
            self.links.append(found.get("href") or "")
        elif tag == "input" and self.forms:
            if found.get("type") == "radio" and "checked" not in found:
                return
            self.forms[-1].fields[found.get("name") or ""] = found.get("value") or ""

    def handle_data(self, data: str) -> None:
        self.words += data

    @property
    def form(self) -> Form:
        return self.forms[0]
