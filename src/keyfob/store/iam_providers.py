"""Identity providers registered in IAM, in SQL."""

from keyfob.store.database import Database
from keyfob.store.iam_resources import SqlResourceStore
from keyfob.store.ports.iam_providers import OpenIdProviderRecord, SamlProviderRecord
from keyfob.store.tables.iam_entities import iam_open_id_providers, iam_saml_providers


class SqlOpenIdProviderStore(SqlResourceStore[OpenIdProviderRecord]):
    """The OpenID Connect providers of every account."""

    def __init__(self, database: Database) -> None:
        """Keep providers in `database`."""
        super().__init__(database, table=iam_open_id_providers, record_type=OpenIdProviderRecord)


class SqlSamlProviderStore(SqlResourceStore[SamlProviderRecord]):
    """The SAML providers of every account."""

    def __init__(self, database: Database) -> None:
        """Keep providers in `database`."""
        super().__init__(database, table=iam_saml_providers, record_type=SamlProviderRecord)
