"""The kinds of identity provider; requests name theirs by ARN."""

from dataclasses import dataclass
from typing import Generic

from keyfob.authz.operation import Call
from keyfob.core.arn import iam_arn
from keyfob.core.errors import AwsError
from keyfob.services.iam import errors
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.kinds import ResourceKind
from keyfob.store.ports.iam_providers import OpenIdProviderRecord, SamlProviderRecord
from keyfob.store.ports.iam_resources import RecordT


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderKind(ResourceKind[RecordT], Generic[RecordT]):
    """OpenID Connect or SAML provider."""

    async def resource(self, service: IamService, call: Call) -> tuple[str, ...]:
        """Return the ARN a call names, whether or not there is such a provider."""
        del service
        return (call.params[self.name_member],)

    def label(self, call: Call, resource: str) -> str:
        """Return the ARN, which is what the call called the provider."""
        del call
        return resource

    def require_name(self, call: Call) -> str:
        """Return the name within the ARN that a call gives.

        Raises:
            AwsError: `NoSuchEntity` for another account's, and for other ARNs.
        """
        name = self.name(call)
        if name is None:
            raise self.not_found(call)
        return name

    def not_found(self, call: Call) -> AwsError:
        """Return the refusal of a call whose ARN names nothing that is there."""
        return self.missing(call.params[self.name_member])

    def name(self, call: Call) -> str | None:
        """Return the name within the ARN that a call gives, if it is the account's."""
        arn: str = call.params[self.name_member]
        start = iam_arn(call.account, f"{self.word}/")
        return arn.removeprefix(start) if arn.startswith(start) else None


OPEN_ID_PROVIDER: ProviderKind[OpenIdProviderRecord] = ProviderKind(
    word="oidc-provider",
    name_member="OpenIDConnectProviderArn",
    quota_word="OpenIdConnectProvider",
    store=lambda service: service.open_id_providers,
    missing=errors.open_id_provider_not_found,
    taken=errors.open_id_provider_exists,
)
SAML_PROVIDER: ProviderKind[SamlProviderRecord] = ProviderKind(
    word="saml-provider",
    name_member="SAMLProviderArn",
    quota_word="SAMLProvider",
    store=lambda service: service.saml_providers,
    missing=errors.saml_provider_not_found,
    taken=errors.saml_provider_exists,
)
