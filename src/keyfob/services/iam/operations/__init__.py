"""Handlers of IAM's operations."""
