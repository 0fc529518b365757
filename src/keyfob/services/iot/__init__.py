"""AWS IoT Core's control plane, as far as policies and their attachments go."""
