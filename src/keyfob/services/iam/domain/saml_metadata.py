"""Metadata documents of SAML identity providers: what is read of them when they are saved.

Source: OASIS, Metadata for SAML 2.0, sections 2.3.2 and 2.4.3.
"""

from datetime import UTC, datetime
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from keyfob.services.iam import errors

_METADATA = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}"

_DEFAULT_VALIDITY_S = 100 * 365.25 * 86_400
"""A document that names no end is valid for a hundred years (recalled)."""


class _DoctypeError(Exception):
    """The document declares a DOCTYPE; it could define entities without bound."""


class _Builder(TreeBuilder):
    """Builds elements; called by the parser where a DOCTYPE begins, before its entities."""

    def doctype(self, *_declaration: object) -> None:
        raise _DoctypeError


def read_valid_until(document: str, now_s: float) -> float:
    """Check a metadata document and return when it ceases to be valid.

    Args:
        document: XML text.
        now_s: the time in epoch seconds.

    Returns:
        `validUntil` in epoch seconds, or a hundred years from now.

    Raises:
        AwsError: `InvalidInput` unless it describes one identity provider with a certificate.
    """
    root = _parse(document)
    descriptor = root.find(f"{_METADATA}IDPSSODescriptor")
    if root.tag != f"{_METADATA}EntityDescriptor" or not root.get("entityID"):
        raise errors.saml_metadata_unreadable()
    if descriptor is None or descriptor.find(f".//{_SIGNATURE}X509Certificate") is None:
        raise errors.saml_metadata_unreadable()
    until = root.get("validUntil")
    return now_s + _DEFAULT_VALIDITY_S if until is None else _parse_moment(until)


def _parse(document: str) -> Element:
    parser = XMLParser(target=_Builder())  # noqa: S314 - the builder refuses what could expand
    try:
        parser.feed(document)
        root: Element = parser.close()
    except (ParseError, _DoctypeError, ValueError):
        raise errors.saml_metadata_unreadable() from None
    return root


def _parse_moment(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise errors.saml_metadata_unreadable() from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
