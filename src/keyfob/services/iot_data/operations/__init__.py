"""Handlers of the data plane's operations."""
