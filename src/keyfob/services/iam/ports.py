"""What IAM needs of the rest of keyfob."""

from typing import Protocol

from keyfob.authz.operation import Call


class PassRoleCheck(Protocol):
    """Asks whether the caller may hand a role to a service (`authz`)."""

    async def require_pass_role(self, call: Call, role_arn: str, service: str) -> None:
        """Return if `iam:PassRole` on the role is allowed, `iam:PassedToService` being `service`.

        Raises:
            AwsError: it is not.
        """
        ...
