"""IP address operators: addresses and CIDR ranges, IPv4 and IPv6.

An IPv4 address in IPv6 form (`::ffff:192.0.2.1`), as a dual-stack listener reports it, is
the IPv4 address: otherwise a range could be walked around by the choice of socket.
Source: IAM User Guide, "IAM JSON policy elements: Condition operators" (documented); the
mapped form and bits set after the prefix being ignored are inferred.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from keyfob.policy.operators.matcher import Matcher
from keyfob.policy.template import Template


def build_in_range(values: Sequence[Template]) -> Matcher:
    """Build `IpAddress`."""
    try:
        ranges = tuple(ip_network(value.text, strict=False) for value in values)
    except ValueError:
        raise ValueError("an IP address or a CIDR range was expected") from None

    def matches(actual: str, _context: object) -> bool:
        address = _parse_address(actual)
        return address is not None and any(address in one for one in ranges)

    return matches


def _parse_address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
