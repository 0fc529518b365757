"""The pages as a client of the API: what anybody may call, called as anybody would.

Input is held to the service's model and the call goes through `authz`, as for a request that came
over the wire.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keyfob import wire
from keyfob.authz.authorizer import Authorizer
from keyfob.authz.enforce import enforce
from keyfob.authz.operation import Auth, Call
from keyfob.authz.principal import Anonymous
from keyfob.core.ids import new_uuid
from keyfob.services.cognito_idp.domain.clients import secret_hash
from keyfob.services.cognito_idp.service import OPERATIONS
from keyfob.services.cognito_idp.user_pools import UserPools
from keyfob.signin.visit import Visit
from keyfob.store.ports.user_pools import ClientRecord

_SERVICE = "cognito-idp"
_ROWS = {row.name: row for row in OPERATIONS if row.auth is Auth.PUBLIC}


@dataclass(frozen=True, slots=True)
class PublicOperations:
    """Calls operations of user pools that take no signature."""

    service: UserPools
    authorizer: Authorizer

    async def call(self, visit: Visit, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do an operation.

        Raises:
            AwsError: its refusal, or that of the model's constraints.
        """
        row = _ROWS[name]
        model = wire.service_model(_SERVICE)
        shape = model.operation(name).input
        if shape is not None:
            wire.validate(model, shape.shape, params)
        pool = visit.site.pool
        call = Call(
            service=_SERVICE,
            operation=name,
            params=params,
            principal=Anonymous(pool.account),
            account=pool.account,
            region=pool.region,
            request_id=new_uuid(self.service.randomness),
            source_ip=visit.request.source_ip,
            is_tls=visit.request.is_tls,
            now_s=visit.now_s,
            user_agent=visit.request.header("user-agent"),
        )
        return await row.handler(
            self.service, await enforce(self.authorizer, row, self.service, call)
        )

    def named(self, client: ClientRecord, username: str, **params: Any) -> dict[str, Any]:
        """Return the input of an operation about a user; with the hash where there is a secret."""
        secrets = self.service.client_secrets(client)
        if secrets:
            params["SecretHash"] = secret_hash(secrets[-1], username, client.client_id)
        return {"ClientId": client.client_id, "Username": username, **params}
