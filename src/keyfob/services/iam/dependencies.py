"""What the operations of IAM work with."""

from dataclasses import dataclass

from keyfob.core.ids import Randomness
from keyfob.services.iam.credential_reports import CredentialReports
from keyfob.services.iam.key_uses import KeyUses
from keyfob.services.iam.ports import PassRoleCheck
from keyfob.store.ports.iam_aliases import AccountAliasStore
from keyfob.store.ports.iam_groups import GroupStore
from keyfob.store.ports.iam_instance_profiles import InstanceProfileStore
from keyfob.store.ports.iam_policies import ManagedPolicyStore
from keyfob.store.ports.iam_providers import OpenIdProviderStore, SamlProviderStore
from keyfob.store.ports.iam_roles import RoleStore
from keyfob.store.ports.iam_users import UserStore
from keyfob.tokens.sealed import Sealer


@dataclass(frozen=True, slots=True, kw_only=True)
class IamService:
    """What IAM's operations work with."""

    roles: RoleStore
    users: UserStore
    groups: GroupStore
    policies: ManagedPolicyStore
    instance_profiles: InstanceProfileStore
    open_id_providers: OpenIdProviderStore
    saml_providers: SamlProviderStore
    aliases: AccountAliasStore
    key_uses: KeyUses
    reports: CredentialReports
    pass_role: PassRoleCheck
    sealer: Sealer
    """Encrypts secret access keys."""
    randomness: Randomness
