"""What the operations of AWS IoT's control plane work with."""

from dataclasses import dataclass

from keyfob.core.ids import Randomness
from keyfob.services.iot.ports import EndpointAddress, TargetLookup
from keyfob.store.ports.iot_policies import IotPolicyStore


@dataclass(frozen=True, slots=True)
class IotService:
    """What IoT's operations work with."""

    policies: IotPolicyStore
    targets: TargetLookup
    endpoint: EndpointAddress
    randomness: Randomness
