"""MQTT 3.1.1 and 5: codec, topics, sessions, and the broker, all without sockets."""
