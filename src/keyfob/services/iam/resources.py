"""Resources and condition keys of IAM's actions, besides what `ResourceKind` says of each kind.

Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Identity
and Access Management" (documented).
"""

from keyfob.authz.operation import Call, ContextBuilder
from keyfob.core.arn import iam_arn
from keyfob.services.iam.aws_managed import is_aws_managed
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.entities import USER
from keyfob.services.iam.kinds import Keys


def join_keys(*builders: "ContextBuilder[IamService]") -> "ContextBuilder[IamService]":
    """Return a builder of the keys of all."""

    async def build(service: IamService, call: Call) -> Keys:
        keys: dict[str, tuple[str, ...]] = {}
        for builder in builders:
            keys |= await builder(service, call)
        return keys

    return build


async def policy_resource(_service: IamService, call: Call) -> tuple[str, ...]:
    """Return the managed policy a call names."""
    return (call.params["PolicyArn"],)


async def new_policy_resource(_service: IamService, call: Call) -> tuple[str, ...]:
    """Return the ARN of the managed policy a call would make."""
    path, name = call.params.get("Path", "/"), call.params["PolicyName"]
    return (iam_arn(call.account, f"policy{path}{name}"),)


async def new_open_id_provider_resource(_service: IamService, call: Call) -> tuple[str, ...]:
    """Return the ARN of the OpenID Connect provider a call would make."""
    issuer = call.params["Url"].removeprefix("https://").rstrip("/")
    return (iam_arn(call.account, f"oidc-provider/{issuer}"),)


async def new_saml_provider_resource(_service: IamService, call: Call) -> tuple[str, ...]:
    """Return the ARN of the SAML provider a call would make."""
    return (iam_arn(call.account, f"saml-provider/{call.params['Name']}"),)


async def key_owner_resource(service: IamService, call: Call) -> tuple[str, ...]:
    """Return the user an access key belongs to; for other keys what stands for all users."""
    owner = await service.users.find_by_access_key(call.params["AccessKeyId"])
    if owner is None or owner.account != call.account:
        return await USER.any_of_kind(service, call)
    return (owner.arn,)


def key_label(call: Call, _resource: str) -> str:
    """Return what a refusal calls the owner of an access key: nothing but the key."""
    return f"access key {call.params['AccessKeyId']}"


async def stored_policy_tags(service: IamService, call: Call) -> Keys:
    """Return `aws:ResourceTag/...` of the managed policy a call names; AWS's own have none."""
    arn = call.params["PolicyArn"]
    record = None if is_aws_managed(arn) else await service.policies.get(arn)
    if record is None or record.account != call.account:
        return {}
    return {f"aws:ResourceTag/{key}": (value,) for key, value in record.tags.items()}


async def key_owner_tags(service: IamService, call: Call) -> Keys:
    """Return the tags of the user an access key belongs to."""
    owner = await service.users.find_by_access_key(call.params["AccessKeyId"])
    if owner is None or owner.account != call.account:
        return {}
    return {
        f"{prefix}/{key}": (value,) for key, value in owner.tags.items() for prefix in USER.tag_keys
    }


async def attached_policy(_service: IamService, call: Call) -> Keys:
    """Return `iam:PolicyARN`: the policy that is attached or detached."""
    return {"iam:PolicyARN": (call.params["PolicyArn"],)}


async def request_tags(_service: IamService, call: Call) -> Keys:
    """Return `aws:RequestTag/...` and `aws:TagKeys` of tags that are added."""
    tags = call.params.get("Tags", ())
    if not tags:
        return {}
    values = {f"aws:RequestTag/{tag['Key']}": (tag["Value"],) for tag in tags}
    return {**values, "aws:TagKeys": tuple(tag["Key"] for tag in tags)}


async def removed_tags(_service: IamService, call: Call) -> Keys:
    """Return `aws:TagKeys` of tags that are removed."""
    return {"aws:TagKeys": tuple(call.params["TagKeys"])}


async def new_boundary(_service: IamService, call: Call) -> Keys:
    """Return `iam:PermissionsBoundary`: the boundary that is set."""
    arn = call.params.get("PermissionsBoundary")
    return {} if arn is None else {"iam:PermissionsBoundary": (arn,)}
