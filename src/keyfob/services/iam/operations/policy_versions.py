"""Versions of managed policies: Create, Get, List, SetDefault, Delete."""

from collections.abc import Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.domain.documents import render_document, require_managed_document
from keyfob.services.iam.domain.versions import (
    add_version,
    choose_default,
    remove_version,
    require_version,
)
from keyfob.services.iam.operations.managed_policies import find_policy, update_policy
from keyfob.services.iam.paging import cut_page
from keyfob.store.ports.iam_policies import ManagedPolicyRecord, ManagedPolicyVersion


async def create_policy_version(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Add a version, and put it in force when asked."""
    document = request.params["PolicyDocument"]
    is_default = request.params.get("SetAsDefault", False)
    require_managed_document(document)
    record = await update_policy(
        service,
        request,
        lambda policy: add_version(policy, document, request.now_s, is_default=is_default),
    )
    return {"PolicyVersion": render_version(record, record.versions[-1])}


async def get_policy_version(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Return a version with its document."""
    record = await find_policy(service, request.params["PolicyArn"], request.account)
    version = require_version(record, request.params["VersionId"])
    document = render_document(version.document)
    return {"PolicyVersion": {**render_version(record, version), "Document": document}}


async def list_policy_versions(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Return a page of versions, the newest first."""
    record = await find_policy(service, request.params["PolicyArn"], request.account)
    versions, more = cut_page(
        "versions",
        request.params,
        record.versions,
        key=lambda version: f"{record.last_number - version.number:09}",
    )
    return {"Versions": [render_version(record, version) for version in versions], **more}


async def set_default_policy_version(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Put a version in force."""
    version_id = request.params["VersionId"]
    await update_policy(
        service, request, lambda policy: choose_default(policy, version_id, request.now_s)
    )
    return {}


async def delete_policy_version(
    service: IamService, request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Delete a version that is not in force."""
    version_id = request.params["VersionId"]
    await update_policy(service, request, lambda policy: remove_version(policy, version_id))
    return {}


def render_version(record: ManagedPolicyRecord, version: ManagedPolicyVersion) -> dict[str, Any]:
    """Return a version in the form of answers, without its document."""
    return {
        "VersionId": version.version_id,
        "IsDefaultVersion": version.number == record.default_number,
        "CreateDate": version.created_at_s,
    }
