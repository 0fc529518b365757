"""Endpoints for signing in with a browser or an OpenID Connect library."""
