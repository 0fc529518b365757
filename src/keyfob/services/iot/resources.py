"""Resources of IoT's actions.

Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS IoT"
(documented).
"""

from keyfob.authz.operation import Call
from keyfob.core.arn import iot_arn
from keyfob.services.iot.dependencies import IotService
from keyfob.services.iot.domain.targets import is_arn


async def policy_resource(_service: IotService, call: Call) -> tuple[str, ...]:
    """Return the policy a call names."""
    return (iot_arn(call.region, call.account, f"policy/{call.params['policyName']}"),)


async def target_resource(_service: IotService, call: Call) -> tuple[str, ...]:
    """Return the certificate or thing group a call names.

    A Cognito identity is none of the resource types AWS lists for these actions, so the policy
    must say `"Resource": "*"` (inferred; the walk-throughs that AWS publishes do so).
    """
    target = call.params["target"] if "target" in call.params else call.params["principal"]
    return (target,) if is_arn(target) else ("*",)


async def tested_resource(_service: IotService, call: Call) -> tuple[str, ...]:
    """Return the certificate whose policies are looked at, or `*` for anything else."""
    principal = call.params.get("principal")
    return (principal,) if principal is not None and is_arn(principal) else ("*",)
