"""keyfob for tests: a server to start and stop, and the article's set-up to start from."""

from keyfob.testing.process import ServerProcess, ServerStartError

__all__ = ["ServerProcess", "ServerStartError"]
