"""Resource servers: APIs, and the scopes that tokens for them may have."""

from msgspec import Struct


class ResourceServerRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A resource server."""

    pool_id: str
    name: str
    """Its identifier, for instance `https://api.example.com`."""
    label: str
    """What people call it."""
    scopes: dict[str, str] = {}
    """Descriptions by scope name, in the order they were given."""
