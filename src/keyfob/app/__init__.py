"""The composition root: builds the server out of its parts and runs it."""

from keyfob.app.run import serve

__all__ = ["serve"]
