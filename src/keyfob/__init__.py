"""keyfob: Amazon Cognito, IAM/STS and AWS IoT Core, as far as per-user MQTT needs them."""
