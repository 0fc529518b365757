"""The authorizer: decisions about single requests, by the policies in force."""

from dataclasses import dataclass

from keyfob.authz.audit import DenialLog
from keyfob.authz.context import Circumstances, Keys, build_contexts
from keyfob.authz.decision import Decision, Question, decide
from keyfob.authz.directory import PolicyDirectory
from keyfob.authz.layers import LayerKind
from keyfob.authz.principal import Principal
from keyfob.core.clock import Clock
from keyfob.core.ids import Region
from keyfob.policy import Effect


@dataclass(frozen=True, slots=True)
class Authorizer:
    """Decides; the directory knows the policies, the denial log remembers refusals."""

    directory: PolicyDirectory
    denials: DenialLog
    clock: Clock
    has_iot_principal_tags: bool = True
    """Setting `iot_policy_principal_tags`: whether IoT policies see `aws:PrincipalTag/*`.

    AWS does not document it for IoT policies; people write policies that rely on it.
    """

    async def decide(
        self,
        principal: Principal,
        action: str,
        resource: str,
        circumstances: Circumstances,
        *,
        now_s: float,
        keys: Keys | None = None,
    ) -> Decision:
        """Judge one action on one resource.

        Args:
            principal: who asks.
            action: IAM action.
            resource: resource ARN, or `*`.
            circumstances: where the request came from.
            now_s: the moment of the request in epoch seconds.
            keys: the operation's own condition keys.

        Raises:
            Exception: whatever a policy source raised; nothing was decided then.
        """
        contexts = build_contexts(
            principal, circumstances, has_iot_principal_tags=self.has_iot_principal_tags
        )
        question = Question(
            principal.arn, action, resource, contexts.at(now_s).overlay(iam=keys, iot=keys)
        )
        async with self.directory.lease(principal, circumstances.region) as lease:
            return decide(lease.layers(action), question)

    async def is_revoked(self, principal: Principal, region: Region) -> bool:
        """Tell whether a principal's session ended before its time: its identity is gone."""
        async with self.directory.lease(principal, region) as lease:
            layers = [each for each in lease.layers("") if each.kind is LayerKind.STANDING]
        if not layers:
            return False
        nobody = Circumstances(region, source_ip="", is_tls=False)
        contexts = build_contexts(principal, nobody, has_iot_principal_tags=False)
        decision = decide(layers, Question(principal.arn, "", "*", contexts))
        return decision.effect is Effect.EXPLICIT_DENY
