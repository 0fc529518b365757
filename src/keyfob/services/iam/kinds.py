"""What the kinds of named resource have in common: how a request finds one, and refusals."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic

from keyfob.authz.operation import AuthorizedRequest, Call
from keyfob.core.arn import iam_arn
from keyfob.core.errors import AwsError
from keyfob.services.iam import errors
from keyfob.services.iam.dependencies import IamService
from keyfob.store.ports.iam_entities import UnknownManagedPolicyError
from keyfob.store.ports.iam_resources import (
    RecordT,
    ResourceExistsError,
    ResourceInUseError,
    ResourceStore,
    UnknownResourceError,
)

Keys = Mapping[str, tuple[str, ...]]
"""Condition keys and their values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceKind(Generic[RecordT]):
    """What tells one kind from another, and what is done alike with all."""

    word: str
    """As in ARNs: `role`, `instance-profile`."""
    name_member: str
    """The input member that names one."""
    quota_word: str
    """As in quota names: `PoliciesPerRole`."""
    store: "Callable[[IamService], ResourceStore[RecordT]]"
    missing: Callable[[str], AwsError]
    """Says that there is none of that name."""
    taken: Callable[[str], AwsError]
    """Says that the name is taken."""
    in_use: Callable[[], AwsError] | None = None
    """Says that something else refers to it; None where nothing can."""
    tag_keys: tuple[str, ...] = ("aws:ResourceTag",)
    """What the tags of a stored one are called in conditions."""

    async def find(self, service: IamService, request: AuthorizedRequest) -> RecordT:
        """Return the resource a request names.

        Raises:
            AwsError: `NoSuchEntity`; `ValidationError` when none is named.
        """
        name = self.require_name(request.call)
        record = await self.store(service).get(request.account, name)
        if record is None:
            raise self.not_found(request.call)
        return record

    async def update(
        self,
        service: IamService,
        request: AuthorizedRequest,
        change: Callable[[RecordT], RecordT],
    ) -> RecordT:
        """Change the resource a request names, in one transaction.

        Raises:
            AwsError: what `change` raises; `NoSuchEntity`; `EntityAlreadyExists` for a new name
                that is taken.
        """
        name = self.require_name(request.call)
        try:
            return await self.store(service).update(request.account, name, change)
        except UnknownResourceError:
            raise self.not_found(request.call) from None
        except ResourceExistsError as error:
            raise self.taken(str(error)) from None
        except UnknownManagedPolicyError as error:
            raise errors.policy_not_attachable(str(error)) from None

    async def add(self, service: IamService, record: RecordT) -> None:
        """Keep a new resource.

        Raises:
            AwsError: `EntityAlreadyExists`; `NoSuchEntity` for an unknown boundary.
        """
        try:
            await self.store(service).add(record)
        except ResourceExistsError:
            raise self.taken(record.name) from None
        except UnknownManagedPolicyError as error:
            raise errors.policy_not_attachable(str(error)) from None

    async def delete(
        self,
        service: IamService,
        request: AuthorizedRequest,
        require: Callable[[RecordT], None] = lambda _record: None,
    ) -> None:
        """Delete the resource a request names.

        Raises:
            AwsError: what `require` raises; `NoSuchEntity`; `DeleteConflict`.
        """
        name = self.require_name(request.call)
        try:
            await self.store(service).delete(request.account, name, require)
        except UnknownResourceError:
            raise self.not_found(request.call) from None
        except ResourceInUseError:
            if self.in_use is None:
                raise
            raise self.in_use() from None

    # Authorisation

    async def resource(self, service: IamService, call: Call) -> tuple[str, ...]:
        """Return the ARN of the resource a call names, path included when it exists."""
        name = self.name(call)
        if name is None:
            return ("*",)
        record = await self.store(service).get(call.account, name)
        arn = record.arn if record is not None else iam_arn(call.account, f"{self.word}/{name}")
        return (arn,)

    async def new_resource(self, _service: IamService, call: Call) -> tuple[str, ...]:
        """Return the ARN of the resource a call would make."""
        path, name = call.params.get("Path", "/"), call.params[self.name_member]
        return (iam_arn(call.account, f"{self.word}{path}{name}"),)

    async def renamed_resource(self, service: IamService, call: Call) -> tuple[str, ...]:
        """Return what a call renames or moves, and what it would become: both must be allowed.

        Source: IAM User Guide, `id_users_manage`, renaming (documented).
        """
        current = (await self.resource(service, call))[0]
        params, new_name_member = call.params, f"New{self.name_member}"
        if new_name_member not in params and "NewPath" not in params:
            return (current,)
        path, _, name = current.partition(f":{self.word}")[2].rpartition("/")
        new_path, new_name = params.get("NewPath", f"{path}/"), params.get(new_name_member, name)
        return (current, iam_arn(call.account, f"{self.word}{new_path}{new_name}"))

    async def any_of_kind(self, _service: IamService, call: Call) -> tuple[str, ...]:
        """Return the ARN that stands for all of the kind below a path: what listing asks about."""
        prefix = call.params.get("PathPrefix", "/")
        return (iam_arn(call.account, f"{self.word}{prefix}"),)

    async def stored_tags(self, service: IamService, call: Call) -> Keys:
        """Return the tags of the resource a call names, as condition keys."""
        record = await self._stored(service, call)
        tags = {} if record is None else record.tags
        return {
            f"{prefix}/{key}": (value,) for key, value in tags.items() for prefix in self.tag_keys
        }

    def label(self, call: Call, resource: str) -> str:
        """Return what a refusal calls the resource, `role Player`: what the call called it.

        The ARN would tell whoever is refused that there is such a role, and its path. AWS says it
        so too (observed).
        """
        name = self.name(call)
        return resource if name is None else f"{self.word} {name}"

    def not_found(self, call: Call) -> AwsError:
        """Return the refusal of a call that names nothing that is there."""
        return self.missing(self.require_name(call))

    def require_name(self, call: Call) -> str:
        """Return the name a call gives, or the calling user's own.

        Raises:
            AwsError: `ValidationError` when there is neither.
        """
        name = self.name(call)
        if name is None:
            raise errors.user_name_needed()
        return name

    def name(self, call: Call) -> str | None:
        """Return the name a call gives, if it gives one."""
        name: str | None = call.params.get(self.name_member)
        return name

    async def _stored(self, service: IamService, call: Call) -> RecordT | None:
        name = self.name(call)
        return None if name is None else await self.store(service).get(call.account, name)
