"""The MQTT broker beside others: `python -m benchmarks.broker`."""
