"""One page of a listing."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some records in key order, and where the next ones begin."""

    items: tuple[T, ...]
    next_after: str | None = None
    """Key to pass as `after` for the next page; None: this was the last."""
