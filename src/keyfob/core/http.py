"""One HTTP exchange as values: what the listeners read, and what is written back."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A whole request, its body read, nothing decoded."""

    method: str
    """Upper-case method."""
    path: str
    """Path as it came, percent-encoding untouched, without the query."""
    query: str
    """Query as it came, without the question mark; empty when there is none."""
    headers: tuple[tuple[str, str], ...]
    """Header fields in the order received, names in lower case, values stripped."""
    body: bytes
    """The body, at most `limits.MAX_BODY_BYTES`."""
    source_ip: str
    """The peer's address."""
    is_tls: bool = False
    """Whether the connection was encrypted."""

    def header(self, name: str) -> str | None:
        """Return the first value of a header by its lower-case name, or None."""
        return next((value for key, value in self.headers if key == name), None)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A whole answer."""

    status: int
    """HTTP status."""
    body: bytes = b""
    """Body bytes; `content-length` is added by the listener."""
    headers: dict[str, str] = field(default_factory=dict)
    """Header fields, names in lower case."""
