"""The two kinds of entity, role and user, so that what they share is written once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from keyfob.authz.operation import AuthorizedRequest, Call
from keyfob.authz.principal import IamUser
from keyfob.core.arn import iam_arn
from keyfob.services.iam import errors
from keyfob.store.ports.iam_entities import (
    EntityExistsError,
    EntityStore,
    IamEntity,
    UnknownEntityError,
    UnknownManagedPolicyError,
)
from keyfob.store.ports.iam_roles import RoleRecord
from keyfob.store.ports.iam_users import UserRecord

if TYPE_CHECKING:
    from keyfob.services.iam.service import IamService

EntityT = TypeVar("EntityT", bound=IamEntity)


@dataclass(frozen=True, slots=True)
class EntityKind(Generic[EntityT]):
    """What tells roles from users."""

    word: Literal["role", "user"]
    name_member: Literal["RoleName", "UserName"]
    quota_word: Literal["Role", "User"]
    """As in quota names: `PoliciesPerRole`."""
    store: "Callable[[IamService], EntityStore[EntityT]]"

    async def find(self, service: "IamService", request: AuthorizedRequest) -> EntityT:
        """Return the entity a request names; a user who names none means itself.

        Raises:
            AwsError: `NoSuchEntity`; `ValidationError` when none is named and the caller is no
                user.
        """
        name = self.require_name(request.call)
        record = await self.store(service).get(request.account, name)
        if record is None:
            raise errors.entity_not_found(self.word, name)
        return record

    async def update(
        self,
        service: "IamService",
        request: AuthorizedRequest,
        change: Callable[[EntityT], EntityT],
    ) -> EntityT:
        """Change the entity a request names, in one transaction.

        Raises:
            AwsError: what `change` raises; `NoSuchEntity`; `EntityAlreadyExists` for a new name
                that is taken.
        """
        name = self.require_name(request.call)
        try:
            return await self.store(service).update(request.account, name, change)
        except UnknownEntityError:
            raise errors.entity_not_found(self.word, name) from None
        except EntityExistsError as error:
            raise errors.entity_exists(self.word, str(error)) from None
        except UnknownManagedPolicyError as error:
            raise errors.policy_not_attachable(str(error)) from None

    async def add(self, service: "IamService", record: EntityT) -> None:
        """Keep a new entity.

        Raises:
            AwsError: `EntityAlreadyExists`; `NoSuchEntity` for an unknown boundary.
        """
        try:
            await self.store(service).add(record)
        except EntityExistsError:
            raise errors.entity_exists(self.word, record.name) from None
        except UnknownManagedPolicyError as error:
            raise errors.policy_not_attachable(str(error)) from None

    async def delete(
        self,
        service: "IamService",
        request: AuthorizedRequest,
        require: Callable[[EntityT], None],
    ) -> None:
        """Delete the entity a request names.

        Raises:
            AwsError: what `require` raises; `NoSuchEntity`.
        """
        name = self.require_name(request.call)
        try:
            await self.store(service).delete(request.account, name, require)
        except UnknownEntityError:
            raise errors.entity_not_found(self.word, name) from None

    async def resource(self, service: "IamService", call: Call) -> tuple[str, ...]:
        """Return the ARN of the entity a call names, path included when it exists."""
        name = self._name(call)
        if name is None:
            return ("*",)
        record = await self.store(service).get(call.account, name)
        arn = record.arn if record is not None else iam_arn(call.account, f"{self.word}/{name}")
        return (arn,)

    async def new_resource(self, _service: "IamService", call: Call) -> tuple[str, ...]:
        """Return the ARN of the entity a call would make."""
        path, name = call.params.get("Path", "/"), call.params[self.name_member]
        return (iam_arn(call.account, f"{self.word}{path}{name}"),)

    async def any_of_kind(self, _service: "IamService", call: Call) -> tuple[str, ...]:
        """Return the ARN that stands for all entities below a path: what listing asks about."""
        prefix = call.params.get("PathPrefix", "/")
        return (iam_arn(call.account, f"{self.word}{prefix}"),)

    def require_name(self, call: Call) -> str:
        """Return the name a call gives, or the calling user's own.

        Raises:
            AwsError: `ValidationError` when there is neither.
        """
        name = self._name(call)
        if name is None:
            raise errors.user_name_needed()
        return name

    def _name(self, call: Call) -> str | None:
        name: str | None = call.params.get(self.name_member)
        if name is None and self.word == "user" and isinstance(call.principal, IamUser):
            return call.principal.name
        return name


ROLE: EntityKind[RoleRecord] = EntityKind("role", "RoleName", "Role", lambda service: service.roles)
USER: EntityKind[UserRecord] = EntityKind("user", "UserName", "User", lambda service: service.users)


def require_no_policies(record: IamEntity) -> None:
    """Refuse to delete an entity that still has policies.

    Raises:
        AwsError: `DeleteConflict`.
    """
    if record.attached:
        raise errors.must_detach_first()
    if record.inline:
        raise errors.must_delete_policies_first()
