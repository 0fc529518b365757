"""What the operations of AWS IoT's data plane work with."""

from dataclasses import dataclass

from keyfob.services.iot_data.ports import Connections, Publisher, RetainedMessages, TopicRules


@dataclass(frozen=True, slots=True)
class IotDataService:
    """What the data plane's operations work with."""

    publisher: Publisher
    topics: TopicRules
    retained: RetainedMessages
    connections: Connections
