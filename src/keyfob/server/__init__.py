"""Everything that touches a socket: listeners, TLS, HTTP, WebSocket, and the HTTP pipeline."""
