"""The handlers of the user pool operations."""
