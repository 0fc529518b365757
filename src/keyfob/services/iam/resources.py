"""Resources and condition keys of IAM's actions.

Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Identity
and Access Management" (documented). Keys that need the stored entity (`aws:ResourceTag/...`, the
boundary of an entity whose policies change) are not filled in: a statement that asks for them
does not match.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from keyfob.authz.operation import Call
from keyfob.core.arn import iam_arn
from keyfob.services.iam.entities import USER

if TYPE_CHECKING:
    from keyfob.services.iam.service import IamService


async def policy_resource(_service: "IamService", call: Call) -> tuple[str, ...]:
    """Return the managed policy a call names."""
    return (call.params["PolicyArn"],)


async def new_policy_resource(_service: "IamService", call: Call) -> tuple[str, ...]:
    """Return the ARN of the managed policy a call would make."""
    path, name = call.params.get("Path", "/"), call.params["PolicyName"]
    return (iam_arn(call.account, f"policy{path}{name}"),)


async def renamed_user_resource(service: "IamService", call: Call) -> tuple[str, ...]:
    """Return the user a call renames or moves, and what it would become: both must be allowed.

    Source: IAM User Guide, `id_users_manage`, renaming (documented).
    """
    current = (await USER.resource(service, call))[0]
    params = call.params
    if "NewUserName" not in params and "NewPath" not in params:
        return (current,)
    path, _, name = current.partition(":user")[2].rpartition("/")
    new_path, new_name = params.get("NewPath", f"{path}/"), params.get("NewUserName", name)
    return (current, iam_arn(call.account, f"user{new_path}{new_name}"))


def attached_policy(call: Call) -> Mapping[str, tuple[str, ...]]:
    """Return `iam:PolicyARN`: the policy that is attached or detached."""
    return {"iam:PolicyARN": (call.params["PolicyArn"],)}


def request_tags(call: Call) -> Mapping[str, tuple[str, ...]]:
    """Return `aws:RequestTag/...` and `aws:TagKeys` of tags that are added."""
    tags = call.params.get("Tags", ())
    if not tags:
        return {}
    values = {f"aws:RequestTag/{tag['Key']}": (tag["Value"],) for tag in tags}
    return {**values, "aws:TagKeys": tuple(tag["Key"] for tag in tags)}


def removed_tags(call: Call) -> Mapping[str, tuple[str, ...]]:
    """Return `aws:TagKeys` of tags that are removed."""
    return {"aws:TagKeys": tuple(call.params["TagKeys"])}


def boundary(call: Call) -> Mapping[str, tuple[str, ...]]:
    """Return `iam:PermissionsBoundary`: the boundary that is set."""
    arn = call.params.get("PermissionsBoundary")
    return {} if arn is None else {"iam:PermissionsBoundary": (arn,)}


def boundary_and_tags(call: Call) -> Mapping[str, tuple[str, ...]]:
    """Return the keys of calls that make an entity."""
    return {**boundary(call), **request_tags(call)}
