"""Rules of messages that come over HTTPS; no I/O."""
