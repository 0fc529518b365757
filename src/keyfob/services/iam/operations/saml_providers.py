"""SAML providers: Create, Get, List, Update, Delete."""

from collections.abc import Mapping
from typing import Any

import msgspec

from keyfob.authz.operation import AuthorizedRequest, Params
from keyfob.core.arn import iam_arn
from keyfob.core.ids import new_unique_id
from keyfob.services.iam import errors
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.domain.saml_metadata import read_valid_until
from keyfob.services.iam.domain.tags import add_tags, render_tags
from keyfob.services.iam.paging import read_all
from keyfob.services.iam.providers import SAML_PROVIDER
from keyfob.store.ports.iam_providers import SamlProviderRecord

_ENCRYPTION_MEMBERS = ("AssertionEncryptionMode", "AddPrivateKey", "RemovePrivateKey")


async def create_saml_provider(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Register a SAML identity provider."""
    params = request.params
    _refuse_encryption(params)
    metadata, name = params["SAMLMetadataDocument"], params["Name"]
    record = SamlProviderRecord(
        account=request.account,
        name=name,
        arn=iam_arn(request.account, f"saml-provider/{name}"),
        created_at_s=request.now_s,
        tags=add_tags({}, params.get("Tags", ()), "TagsPerSAMLProvider"),
        uuid=new_unique_id(service.randomness, "SAMLSP"),
        metadata=metadata,
        valid_until_s=read_valid_until(metadata, request.now_s),
    )
    await SAML_PROVIDER.add(service, record)
    return {"SAMLProviderArn": record.arn, **_tags(record)}


async def get_saml_provider(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Return a provider with its metadata document."""
    record = await SAML_PROVIDER.find(service, request)
    return {
        "SAMLProviderUUID": record.uuid,
        "SAMLMetadataDocument": record.metadata,
        "CreateDate": record.created_at_s,
        "ValidUntil": record.valid_until_s,
        **_tags(record),
    }


async def list_saml_providers(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Return all, without their documents."""
    records = await read_all(service.saml_providers, request.account)
    return {
        "SAMLProviderList": [
            {
                "Arn": record.arn,
                "ValidUntil": record.valid_until_s,
                "CreateDate": record.created_at_s,
            }
            for record in records
        ]
    }


async def update_saml_provider(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Replace a provider's metadata document."""
    params = request.params
    _refuse_encryption(params)
    metadata = params.get("SAMLMetadataDocument")
    until_s = 0.0 if metadata is None else read_valid_until(metadata, request.now_s)

    def change(record: SamlProviderRecord) -> SamlProviderRecord:
        if metadata is None:
            return record
        return msgspec.structs.replace(record, metadata=metadata, valid_until_s=until_s)

    record = await SAML_PROVIDER.update(service, request, change)
    return {"SAMLProviderArn": record.arn}


async def delete_saml_provider(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Delete a provider; trust policies that name it stay as they are."""
    await SAML_PROVIDER.delete(service, request)
    return {}


def _refuse_encryption(params: Params) -> None:
    if any(member in params for member in _ENCRYPTION_MEMBERS):
        raise errors.saml_encryption_unsupported()


def _tags(record: SamlProviderRecord) -> dict[str, Any]:
    return {"Tags": render_tags(record.tags)} if record.tags else {}
