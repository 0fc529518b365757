"""AWS IoT Core's data plane over HTTPS: publishing, and reading retained messages."""
