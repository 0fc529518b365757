"""Service models: botocore's data files as typed values, read on first use and kept.

Only the traits that parsing, validating and rendering need are decoded; the
documentation, which is most of a file, is skipped. Nothing of botocore's code is imported:
only the place of its `data` folder is asked for.
"""

import functools
import gzip
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import msgspec

from keyfob.core.errors import KeyfobError
from keyfob.wire.catalog import BY_NAME, ServiceRow


class ModelError(KeyfobError):
    """A service or operation is asked for that the models do not have, or the data is missing."""


class Reference(msgspec.Struct, frozen=True, rename="camel"):
    """A use of a shape: as a member, list item, map key or value, input, output or error."""

    shape: str
    location: str | None = None
    """rest-json: `uri`, `querystring`, `header`, `headers` or `statusCode`; None for the body."""
    location_name: str | None = None
    """Name on the wire where it differs from the member's."""
    result_wrapper: str | None = None
    """Query protocol, outputs: the element around the result."""
    flattened: bool = False
    jsonvalue: bool = False
    """The text holds JSON; in a header it is base64 besides."""
    timestamp_format: str | None = None


class ErrorTrait(msgspec.Struct, frozen=True, rename="camel"):
    """How an error shape appears on the wire."""

    code: str | None = None
    http_status_code: int | None = None
    sender_fault: bool | None = None


class Shape(msgspec.Struct, frozen=True, rename="camel"):
    """A named type of a model."""

    type: str
    members: dict[str, Reference] = {}
    required: tuple[str, ...] = ()
    member: Reference | None = None
    """Lists: the items."""
    key: Reference | None = None
    value: Reference | None = None
    min: float | None = None
    max: float | None = None
    pattern: str | None = None
    enum: tuple[str, ...] = ()
    error: ErrorTrait | None = None
    exception: bool = False
    fault: bool = False
    sensitive: bool = False
    payload: str | None = None
    """rest-json: the member that is the whole body."""
    flattened: bool = False
    timestamp_format: str | None = None
    document: bool = False
    """Any JSON value is allowed here."""


class Http(msgspec.Struct, frozen=True, rename="camel"):
    """Method, path template and status of an operation."""

    method: str = "POST"
    request_uri: str = "/"
    response_code: int = 200


class Operation(msgspec.Struct, frozen=True, rename="camel"):
    """One operation of a model."""

    name: str
    http: Http = Http()
    input: Reference | None = None
    output: Reference | None = None
    errors: tuple[Reference, ...] = ()
    authtype: str | None = None
    """`none` for operations that clients call unsigned."""

    @property
    def is_unsigned(self) -> bool:
        """Whether clients send it without a signature."""
        return self.authtype == "none"


class Metadata(msgspec.Struct, frozen=True, rename="camel"):
    """A model's own description."""

    api_version: str
    protocol: str
    json_version: str = "1.1"
    target_prefix: str = ""
    xml_namespace: str | dict[str, str] = ""


class Document(msgspec.Struct, frozen=True, rename="camel"):
    """A whole data file."""

    metadata: Metadata
    operations: dict[str, Operation]
    shapes: dict[str, Shape]


class ServiceModel:
    """One service: its operations and shapes by name."""

    def __init__(self, row: ServiceRow, document: Document) -> None:
        """Wrap a decoded data file.

        Args:
            row: what keyfob adds to the model.
            document: the data file.
        """
        self.row = row
        self.name = row.name
        self.protocol = document.metadata.protocol
        self.api_version = document.metadata.api_version
        self.json_version = document.metadata.json_version
        self.target_prefix = document.metadata.target_prefix
        namespace = document.metadata.xml_namespace
        self.xml_namespace = namespace if isinstance(namespace, str) else namespace.get("uri", "")
        self.operations: Mapping[str, Operation] = document.operations
        self.shapes: Mapping[str, Shape] = document.shapes

    def operation(self, name: str) -> Operation:
        """Return an operation.

        Raises:
            ModelError: the service has none of that name.
        """
        try:
            return self.operations[name]
        except KeyError:
            raise ModelError(f"`{self.name}` has no operation `{name[:100]}`") from None

    @functools.cached_property
    def error_shapes(self) -> Mapping[str, tuple[str, Shape]]:
        """Error shapes with their wire codes, by shape name and by wire code."""
        found: dict[str, tuple[str, Shape]] = {}
        for name, shape in self.shapes.items():
            if shape.exception or shape.error is not None:
                code = (shape.error.code if shape.error else None) or name
                found[name] = (code, shape)
                found.setdefault(code, (code, shape))
        return found


@functools.cache
def service_model(name: str) -> ServiceModel:
    """Return a service's model; the first call reads and decodes its file (some 20 ms).

    Args:
        name: name of a row of the catalog, for instance `cognito-idp`.

    Raises:
        ModelError: no such row, or botocore's data is not installed.
    """
    row = BY_NAME.get(name)
    if row is None:
        raise ModelError(f"`{name[:100]}` is not a known service")
    return ServiceModel(row, msgspec.json.decode(_read_data(name), type=Document))


def _read_data(name: str) -> bytes:
    spec = find_spec("botocore")
    if spec is None or not spec.submodule_search_locations:
        raise ModelError("the service models of `botocore` are not installed")
    folder = Path(spec.submodule_search_locations[0]) / "data" / name
    files = sorted(folder.glob("*/service-2.json*"))
    if not files:
        raise ModelError(f"`botocore` has no model of `{name}`")
    newest = files[-1]
    return gzip.decompress(newest.read_bytes()) if newest.suffix == ".gz" else newest.read_bytes()
