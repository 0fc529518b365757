"""Rules of identity pools: logins, linking, role choice, principal tags, guests."""
