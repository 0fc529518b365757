"""OpenID Connect providers: Create, Get, List, Delete, client ids and thumbprints.

Nothing is fetched from the provider here. AWS fetches the thumbprint of its certificate authority
when none is given; here the list stays empty.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest
from keyfob.core.arn import iam_arn
from keyfob.core.errors import AwsError
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.domain.open_id_providers import (
    add_client_id,
    parse_client_ids,
    parse_issuer,
    parse_thumbprints,
)
from keyfob.services.iam.domain.tags import add_tags, render_tags
from keyfob.services.iam.paging import read_all
from keyfob.services.iam.providers import OPEN_ID_PROVIDER
from keyfob.store.ports.iam_providers import OpenIdProviderRecord


async def create_open_id_provider(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Register an issuer."""
    params = request.params
    issuer = parse_issuer(params["Url"])
    record = OpenIdProviderRecord(
        account=request.account,
        name=issuer,
        arn=iam_arn(request.account, f"oidc-provider/{issuer}"),
        created_at_s=request.now_s,
        tags=add_tags({}, params.get("Tags", ()), "TagsPerOpenIdConnectProvider"),
        client_ids=parse_client_ids(params.get("ClientIDList", ())),
        thumbprints=parse_thumbprints(params.get("ThumbprintList", ())),
    )
    await OPEN_ID_PROVIDER.add(service, record)
    return {"OpenIDConnectProviderArn": record.arn, **_tags(record)}


async def get_open_id_provider(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Return what is registered; the URL comes without its scheme, as with AWS (observed)."""
    record = await OPEN_ID_PROVIDER.find(service, request)
    return {
        "Url": record.name,
        "ClientIDList": list(record.client_ids),
        "ThumbprintList": list(record.thumbprints),
        "CreateDate": record.created_at_s,
        **_tags(record),
    }


async def list_open_id_providers(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Return the ARNs of all."""
    records = await read_all(service.open_id_providers, request.account)
    return {"OpenIDConnectProviderList": [{"Arn": record.arn} for record in records]}


async def delete_open_id_provider(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Delete a provider; one that is not there is no error.

    Source: IAM API Reference, `DeleteOpenIDConnectProvider` (documented).
    """
    try:
        await OPEN_ID_PROVIDER.delete(service, request)
    except AwsError as error:
        if error.code != "NoSuchEntity":
            raise
    return {}


async def add_client_id_to_provider(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Add an audience; nothing happens when it is there already."""
    client_id = request.params["ClientID"]
    await OPEN_ID_PROVIDER.update(
        service,
        request,
        lambda record: msgspec.structs.replace(
            record, client_ids=add_client_id(record.client_ids, client_id)
        ),
    )
    return {}


async def remove_client_id_from_provider(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Remove an audience; nothing happens when it is not there."""
    client_id = request.params["ClientID"]

    def change(record: OpenIdProviderRecord) -> OpenIdProviderRecord:
        rest = tuple(other for other in record.client_ids if other != client_id)
        return msgspec.structs.replace(record, client_ids=rest)

    await OPEN_ID_PROVIDER.update(service, request, change)
    return {}


async def update_provider_thumbprint(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Replace the list of thumbprints."""
    thumbprints = parse_thumbprints(request.params["ThumbprintList"])
    await OPEN_ID_PROVIDER.update(
        service,
        request,
        lambda record: msgspec.structs.replace(record, thumbprints=thumbprints),
    )
    return {}


def _tags(record: OpenIdProviderRecord) -> dict[str, Any]:
    return {"Tags": render_tags(record.tags)} if record.tags else {}
