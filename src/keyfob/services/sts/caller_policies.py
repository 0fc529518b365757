"""The caller's own policies, asked through `authz`; what they refuse is recorded as a denial."""

from collections.abc import Mapping
from dataclasses import dataclass

from keyfob.authz.authorizer import Authorizer
from keyfob.authz.context import Circumstances
from keyfob.authz.decision import Decision
from keyfob.authz.layers import Part
from keyfob.authz.operation import Call
from keyfob.policy import Effect
from keyfob.services.sts.ports import CallerVerdict


@dataclass(frozen=True, slots=True)
class AuthorizedCallerPolicies:
    """A `CallerPolicies` that asks an `Authorizer`."""

    authorizer: Authorizer

    async def permit(
        self,
        call: Call,
        action: str,
        resource: str,
        context: Mapping[str, tuple[str, ...]],
        tolerated: frozenset[CallerVerdict],
    ) -> bool:
        """Judge an action by the caller's policies; record a verdict that is not tolerated."""
        circumstances = Circumstances(call.region, call.source_ip, call.is_tls, call.user_agent)
        decision = await self.authorizer.decide(
            call.principal, action, resource, circumstances, now_s=call.now_s, keys=context
        )
        if _verdict(decision) in tolerated:
            return True
        self.authorizer.denials.record(
            decision, call.principal, now_s=call.now_s, source_ip=call.source_ip
        )
        return False


def _verdict(decision: Decision) -> CallerVerdict:
    if decision.is_allowed:
        return CallerVerdict.ALLOWED
    if decision.effect is Effect.EXPLICIT_DENY:
        return CallerVerdict.DENIED
    ceilings = [judged for judged in decision.outcomes if judged.layer.part is Part.CEILING]
    if any(judged.outcome.effect is not Effect.ALLOW for judged in ceilings):
        return CallerVerdict.BEYOND_CEILING
    return CallerVerdict.NOT_GRANTED
