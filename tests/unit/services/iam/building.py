"""An IAM service on a database, for tests."""

from keyfob.authz.operation import Call
from keyfob.authz.ports import PolicyChanges
from keyfob.core.errors import AwsError
from keyfob.core.ids import SystemRandomness
from keyfob.services.iam.credential_reports import CredentialReports
from keyfob.services.iam.dependencies import IamService
from keyfob.services.iam.key_uses import KeyUses
from keyfob.store.database import Database
from keyfob.store.iam_aliases import SqlAccountAliasStore
from keyfob.store.iam_groups import SqlGroupStore
from keyfob.store.iam_instance_profiles import SqlInstanceProfileStore
from keyfob.store.iam_policies import SqlManagedPolicyStore
from keyfob.store.iam_providers import SqlOpenIdProviderStore, SqlSamlProviderStore
from keyfob.store.iam_roles import SqlRoleStore
from keyfob.store.iam_users import SqlUserStore
from keyfob.tokens.keyring import Keyring
from keyfob.tokens.sealed import Sealer


class PassRoleAnswers:
    """Remembers what it was asked; refuses the roles it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.refused: set[str] = set()

    async def require_pass_role(self, call: Call, role_arn: str, service: str) -> None:
        self.asked.append((role_arn, service))
        if role_arn in self.refused:
            raise AwsError("AccessDenied", "no iam:PassRole", status=403)


def build_iam(
    database: Database, changes: PolicyChanges, pass_role: PassRoleAnswers | None = None
) -> IamService:
    users = SqlUserStore(database, changes)
    return IamService(
        roles=SqlRoleStore(database, changes),
        users=users,
        groups=SqlGroupStore(database, changes),
        policies=SqlManagedPolicyStore(database, changes),
        instance_profiles=SqlInstanceProfileStore(database),
        open_id_providers=SqlOpenIdProviderStore(database),
        saml_providers=SqlSamlProviderStore(database),
        aliases=SqlAccountAliasStore(database),
        key_uses=KeyUses(users),
        reports=CredentialReports(),
        pass_role=pass_role or PassRoleAnswers(),
        sealer=Sealer(Keyring([bytes(32)])),
        randomness=SystemRandomness(),
    )
