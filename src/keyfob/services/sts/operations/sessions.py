"""What the operations that assume roles answer with."""

from typing import Any

from keyfob.services.sts.domain.sessions import IssuedCredentials
from keyfob.services.sts.ports import RoleFacts


def render_session(
    role: RoleFacts,
    session_name: str,
    credentials: IssuedCredentials,
    packed_size_percent: int | None,
) -> dict[str, Any]:
    """Return the members that all of them share; the assumed role's ARN has no path."""
    output: dict[str, Any] = {
        "Credentials": render_credentials(credentials),
        "AssumedRoleUser": {
            "AssumedRoleId": f"{role.role_id}:{session_name}",
            "Arn": f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{session_name}",
        },
    }
    if packed_size_percent is not None:
        output["PackedPolicySize"] = packed_size_percent
    return output


def render_credentials(credentials: IssuedCredentials) -> dict[str, Any]:
    """Return the member `Credentials`."""
    return {
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key.reveal(),
        "SessionToken": credentials.session_token,
        "Expiration": credentials.expires_at_s,
    }
