"""GetAccessKeyInfo and DecodeAuthorizationMessage."""

from collections.abc import Mapping
from typing import Any

from keyfob.authz.operation import AuthorizedRequest
from keyfob.services.sts import errors
from keyfob.services.sts.dependencies import StsService


async def get_access_key_info(service: StsService, request: AuthorizedRequest) -> Mapping[str, Any]:
    """Say whose account a long-term access key belongs to, whatever its state.

    On AWS a key id tells its account. Here long-term keys are looked up, and temporary ones, of
    which nothing is kept, are not found.
    """
    access_key_id: str = request.params["AccessKeyId"]
    account = await service.access_keys.account_of(access_key_id)
    if account is None:
        raise errors.unknown_access_key(access_key_id)
    return {"Account": account}


async def decode_authorization_message(
    _service: StsService, _request: AuthorizedRequest
) -> Mapping[str, Any]:
    """Refuse the message: nothing here encodes any.

    Only some operations of other services, EC2's foremost, send encoded messages with a refusal
    (documented); Cognito, IAM, STS and IoT tell the reason in clear, so no message can be ours.
    """
    raise errors.invalid_authorization_message()
