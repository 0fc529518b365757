"""Managed policies: CreatePolicy, GetPolicy, ListPolicies, DeletePolicy."""

from collections.abc import Callable, Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.core.arn import iam_arn
from keyfob.core.ids import AccountId, new_unique_id
from keyfob.services.iam import errors
from keyfob.services.iam.aws_managed import is_aws_managed, load_aws_managed_policies
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.domain.documents import require_managed_document
from keyfob.services.iam.domain.tags import add_tags, render_tags
from keyfob.services.iam.paging import page_limit, page_start, render_page
from keyfob.store.ports.iam_policies import (
    ManagedPolicyExistsError,
    ManagedPolicyInUseError,
    ManagedPolicyNotFoundError,
    ManagedPolicyRecord,
    ManagedPolicyUse,
    ManagedPolicyVersion,
)

_AWS_FIRST = "aws:"
_THEN_LOCAL = "local:"


async def create_policy(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Make a customer managed policy with its first version."""
    params = request.params
    document, path = params["PolicyDocument"], params.get("Path", "/")
    require_managed_document(document)
    record = ManagedPolicyRecord(
        account=request.account,
        name=params["PolicyName"],
        path=path,
        arn=iam_arn(request.account, f"policy{path}{params['PolicyName']}"),
        unique_id=new_unique_id(service.randomness, "ANPA"),
        created_at_s=request.now_s,
        updated_at_s=request.now_s,
        default_number=1,
        last_number=1,
        versions=(ManagedPolicyVersion(1, document, request.now_s),),
        description=params.get("Description"),
        tags=add_tags({}, params.get("Tags", ()), "TagsPerPolicy"),
    )
    try:
        await service.policies.add(record)
    except ManagedPolicyExistsError:
        raise errors.policy_exists(record.name) from None
    return {"Policy": render_policy(record, ManagedPolicyUse())}


async def get_policy(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Return a managed policy, without its document."""
    record = await find_policy(service, request.params["PolicyArn"], request.account)
    use = await service.policies.use(request.account, record.arn)
    policy = render_policy(record, use)
    if record.description is not None:
        policy["Description"] = record.description
    return {"Policy": policy}


async def list_policies(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Return a page of policies, AWS's own first.

    Filters apply within the page, so it may hold fewer items than asked for; AWS documents that
    for its own pages.
    """
    params = request.params
    records, next_after = await _policies_page(service, request)
    policies: list[dict[str, Any]] = []
    for record in records:
        use = await service.policies.use(request.account, record.arn)
        wanted = {
            "PermissionsPolicy": use.attached > 0,
            "PermissionsBoundary": use.as_boundary > 0,
        }.get(params.get("PolicyUsageFilter", ""), True)
        if wanted and (use.attached or not params.get("OnlyAttached", False)):
            policies.append(render_policy(record, use))
    return {"Policies": policies, **render_page("policies", next_after)}


async def delete_policy(service: IamService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Delete a policy that nobody has and that has no version but the default."""
    arn = request.params["PolicyArn"]
    require_changeable(arn, request.account)

    def require(record: ManagedPolicyRecord) -> None:
        if len(record.versions) > 1:
            raise errors.policy_has_versions()

    try:
        await service.policies.delete(arn, require)
    except ManagedPolicyNotFoundError:
        raise errors.policy_not_found(arn) from None
    except ManagedPolicyInUseError:
        raise errors.policy_in_use() from None
    return {}


async def find_policy(service: IamService, arn: str, account: AccountId) -> ManagedPolicyRecord:
    """Return one of AWS's policies, or one of the account's own.

    Raises:
        AwsError: `NoSuchEntity`, for another account's too.
    """
    if is_aws_managed(arn):
        record = load_aws_managed_policies().get(arn)
    else:
        record = await service.policies.get(arn)
    if record is None or record.account not in ("aws", account):
        raise errors.policy_not_found(arn)
    return record


async def update_policy(
    service: IamService,
    request: AuthorizedRequest,
    change: Callable[[ManagedPolicyRecord], ManagedPolicyRecord],
) -> ManagedPolicyRecord:
    """Change the customer managed policy a request names, in one transaction.

    Raises:
        AwsError: what `change` raises; `NoSuchEntity`; `InvalidInput` for AWS's own.
    """
    arn = request.params["PolicyArn"]
    require_changeable(arn, request.account)
    try:
        return await service.policies.update(arn, change)
    except ManagedPolicyNotFoundError:
        raise errors.policy_not_found(arn) from None


def require_changeable(arn: str, account: AccountId) -> None:
    """Refuse to change a policy that is not the account's own.

    Raises:
        AwsError: `InvalidInput` for AWS's, `NoSuchEntity` for another account's.
    """
    if is_aws_managed(arn):
        raise errors.aws_policy_unchangeable(arn)
    if not arn.startswith(iam_arn(account, "policy/")):
        raise errors.policy_not_found(arn)


def require_attachable(arn: str, account: AccountId) -> None:
    """Refuse a policy of another account, or one of AWS's that keyfob does not know.

    The store checks in its transaction that the account's own exist.

    Raises:
        AwsError: `NoSuchEntity`.
    """
    is_known_aws = is_aws_managed(arn) and arn in load_aws_managed_policies()
    if not is_known_aws and not arn.startswith(iam_arn(account, "policy/")):
        raise errors.policy_not_attachable(arn)


async def _policies_page(
    service: IamService, request: AuthorizedRequest
) -> tuple[list[ManagedPolicyRecord], str | None]:
    """Return one page over AWS's policies and then the account's own."""
    params = request.params
    scope, prefix = params.get("Scope", "All"), params.get("PathPrefix", "/")
    after, limit = page_start("policies", params) or _AWS_FIRST, page_limit(params)
    records: list[ManagedPolicyRecord] = []
    if after.startswith(_AWS_FIRST) and scope != "Local":
        rest = [
            record
            for record in load_aws_managed_policies().values()
            if record.name.lower() > after.removeprefix(_AWS_FIRST)
            and record.path.startswith(prefix)
        ]
        records = rest[:limit]
        if len(rest) > limit:
            return records, _AWS_FIRST + records[-1].name.lower()
    if scope == "AWS":
        return records, None
    if len(records) == limit:
        return records, _THEN_LOCAL
    local_after = after.removeprefix(_THEN_LOCAL) if after.startswith(_THEN_LOCAL) else None
    page = await service.policies.page(
        request.account, after=local_after, limit=limit - len(records), path_prefix=prefix
    )
    next_after = None if page.next_after is None else _THEN_LOCAL + page.next_after
    return [*records, *page.items], next_after


def render_policy(record: ManagedPolicyRecord, use: ManagedPolicyUse) -> dict[str, Any]:
    """Return a policy in the form of answers, without description and documents."""
    policy: dict[str, Any] = {
        "PolicyName": record.name,
        "PolicyId": record.unique_id,
        "Arn": record.arn,
        "Path": record.path,
        "DefaultVersionId": record.default_version.version_id,
        "AttachmentCount": use.attached,
        "PermissionsBoundaryUsageCount": use.as_boundary,
        "IsAttachable": True,
        "CreateDate": record.created_at_s,
        "UpdateDate": record.updated_at_s,
    }
    if record.tags:
        policy["Tags"] = render_tags(record.tags)
    return policy
