"""Connect by MQTT over a signed WebSocket, publish one message, and print the answer.

Usage: python connect.py HOST PORT CA_FILE CLIENT_ID TOPIC
Credentials and region come from the environment, as the AWS SDKs read them.
"""

import os
import sys
from concurrent.futures import Future

from awscrt import auth, mqtt5
from awsiot import mqtt5_client_builder

host, port, ca_file, client_id, topic = sys.argv[1:]
connected: Future[str] = Future()

client = mqtt5_client_builder.websockets_with_default_aws_signing(
    region=os.environ["AWS_REGION"],
    credentials_provider=auth.AwsCredentialsProvider.new_default_chain(),
    endpoint=host,
    port=int(port),
    ca_filepath=ca_file,
    client_id=client_id,
    on_lifecycle_connection_success=lambda _: connected.set_result("connected"),
    on_lifecycle_connection_failure=lambda failure: connected.set_result(
        failure.connack_packet.reason_string if failure.connack_packet else str(failure.exception)
    ),
)
client.start()
print(connected.result(10))

packet = mqtt5.PublishPacket(topic=topic, payload="hello", qos=mqtt5.QoS.AT_LEAST_ONCE)
puback = client.publish(packet).result(10).puback
print(puback.reason_code.name, puback.reason_string or "")
client.stop()
