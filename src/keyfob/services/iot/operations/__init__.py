"""Handlers of IoT's operations."""
